// Packs what `npm run build` made and looks at it with the eyes of those who install it.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack, runProgram } from './npm.ts'
import { contentProblems, type Manifest } from './package-content.ts'

const root = join(import.meta.dirname, '..')

const tool = (name: string, ...args: string[]): Promise<string> =>
  runProgram(join(root, 'node_modules', '.bin', name), args, root)

const check = async (temporary: string): Promise<readonly string[]> => {
  const { path, files } = await pack(root, temporary)
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest
  console.log(`Packed ${files.length} files.`)
  const tools = await Promise.allSettled([
    tool('publint', 'run', path, '--strict'),
    tool('attw', path, '--profile', 'esm-only', '--no-emoji', '--no-color'),
  ])
  for (const result of tools) if (result.status === 'fulfilled') console.log(result.value.trim())
  const broken = tools.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []))
  return [...contentProblems(files, manifest), ...broken]
}

const temporary = await mkdtemp(join(tmpdir(), 'changeover-package-'))
try {
  const problems = await check(temporary)
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await rm(temporary, { recursive: true, force: true })
}
