import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runProgram } from '../../.ci/npm.ts'
import { type CodeBlock, fencedBlocks } from './markdown.ts'
import { readPage, root } from './pages.ts'

const PATIENCE_MS = 60_000
const POLL_MS = 20

/** A document that the README publishes, and what the README says is printed then. */
export interface PlayedChange {
  readonly document: string
  readonly printed: string
  readonly shown: string
}

/** Makes a folder inside the project, so that imports find its packages. */
export const makeFolder = async (name: string): Promise<string> => {
  await mkdir(join(root, '.cache'), { recursive: true })
  return mkdtemp(join(root, '.cache', `${name}-`))
}

/** The environment in which the public names lead to the sources. */
export const sourceEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  TSX_TSCONFIG_PATH: join(root, 'tsconfig.json'),
})

/** The parts of the README's example: the commands before it, the program, each changed document and its output. */
const exampleOf = (blocks: readonly CodeBlock[]) => {
  const program = blocks.findIndex(({ language }) => language === 'ts')
  const commands = blocks.slice(0, program).flatMap(({ language, code }) => (language === 'sh' ? [code] : []))
  const changes = blocks.flatMap((block, index) => {
    const output = blocks[index + 1]
    return block.language === 'json' && output?.flags.includes('output')
      ? [{ document: block.code, shown: output.code.trim() }]
      : []
  })
  return { program: blocks[program]?.code ?? '', commands: commands.join('\n'), changes }
}

/**
 * Plays the README's example as a reader would: creates its files with the README's commands, runs the pasted program,
 * and publishes each changed document.
 */
export const playReadme = async (): Promise<readonly PlayedChange[]> => {
  const { program, commands, changes } = exampleOf(fencedBlocks(readPage('README.md')))
  const folder = await makeFolder('readme')
  try {
    const creates = commands.split('\n').filter((line) => line.startsWith('echo '))
    await runProgram('sh', ['-c', creates.join('\n')], folder)
    await writeFile(join(folder, 'main.ts'), program)
    return await playChanges(folder, changes)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const playChanges = async (
  folder: string,
  changes: readonly { readonly document: string; readonly shown: string }[],
): Promise<readonly PlayedChange[]> => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'main.ts'], {
    cwd: folder,
    env: sourceEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'close')
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  // The program ends what it prints of each step with a line that starts so.
  const serving = (): number => output.match(/^Serving: .*\n/gm)?.length ?? 0
  const until = async (count: number): Promise<void> => {
    const lastLook = Date.now() + PATIENCE_MS
    while (serving() < count) {
      if (Date.now() > lastLook || child.exitCode !== null) throw new Error(`The example printed:\n${output}`)
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
  try {
    await until(1)
    const played: PlayedChange[] = []
    for (const { document, shown } of changes) {
      const before = output.length
      await writeFile(join(folder, 'config.json.new'), document)
      await rename(join(folder, 'config.json.new'), join(folder, 'config.json'))
      await until(played.length + 2)
      played.push({ document, shown, printed: output.slice(before).trim() })
    }
    return played
  } finally {
    child.kill('SIGKILL')
    await exited
  }
}
