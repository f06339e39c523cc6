import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import tsconfig from '../../tsconfig.json' with { type: 'json' }
import { type CodeBlock, fencedBlocks } from './markdown.ts'
import { documentation, readPage, root } from './pages.ts'
import { sourceEnvironment } from './readme-example.ts'

const run = promisify(execFile)
const stubs = join(root, 'test', 'docs', 'stubs')

/** The pages whose named files every other page may import. */
const shared = ['docs/guide/getting-started.md', 'docs/guide/simulate.md']

const isProgram = ({ language }: CodeBlock): boolean => language === 'ts' || language === 'js'

/** The name in the first line of a block, `// service.ts`. */
const nameOf = ({ code }: CodeBlock): string | undefined => /^\/\/ ([\w.-]+\.[cm]?[jt]s)\n/.exec(code)?.[1]

/**
 * Writes each TypeScript and JavaScript block into its page's own folder, and resolves with the files by `page#block`. A
 * block whose first line is a file's name is written under that name, so that other blocks can import it.
 */
export const writeBlocks = async (folder: string): Promise<ReadonlyMap<string, string>> => {
  const files = new Map<string, string>()
  for (const page of documentation) {
    const all = fencedBlocks(readPage(page))
    if (!all.some(isProgram)) continue
    const place = join(folder, page.replace(/\.md$/, ''))
    await mkdir(place, { recursive: true })
    for (const block of shared.flatMap((one) => fencedBlocks(readPage(one)))) {
      const name = nameOf(block)
      if (name !== undefined) await writeFile(join(place, name), block.code)
    }
    for (const [index, block] of all.entries()) {
      if (!isProgram(block)) continue
      const file = join(place, nameOf(block) ?? `block-${index}.${block.language}`)
      await writeFile(file, block.code)
      files.set(`${page}#${index}`, file)
    }
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(settings()))
  return files
}

/** Compiles the blocks as strictly as the project itself; resolves with what the compiler says. */
export const typeCheck = (folder: string): Promise<string> =>
  run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', folder]).then(
    () => '',
    (error: { readonly stdout: string }) => error.stdout,
  )

/** Runs the program of a block in its folder; resolves with what it printed. */
export const runBlock = async (file: string): Promise<string> => {
  const options = { cwd: dirname(file), env: sourceEnvironment() }
  const { stdout } = await run(process.execPath, ['--import', 'tsx', file], options)
  return stdout
}

const settings = () => ({
  extends: join(root, 'tsconfig.json'),
  compilerOptions: {
    rootDir: root,
    allowJs: true,
    checkJs: true,
    experimentalDecorators: true,
    moduleDetection: 'force',
    paths: paths(),
  },
  include: ['.'],
  exclude: [],
})

/** Public names lead to the sources, and packages that are not installed to stubs of their types. */
const paths = (): Readonly<Record<string, readonly string[]>> => {
  const own = Object.entries(tsconfig.compilerOptions.paths).map(([name, [path = '']]) => [name, [join(root, path)]])
  const missing = readdirSync(stubs)
    .map((file) => ({ file, name: file.replace(/\.ts$/, '').replace(/^(@\w+)\./, '$1/') }))
    .filter(({ name }) => !existsSync(join(root, 'node_modules', name)))
    .map(({ file, name }) => [name, [join(stubs, file)]])
  const undici = ['undici', [join(root, 'node_modules', 'undici-types', 'index.d.ts')]]
  return Object.fromEntries([...own, ...missing, undici])
}
