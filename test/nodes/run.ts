// Runs the tests on every supported Node: npm run test:nodes [-- --newest] [-- <arguments of vitest>]
import { spawn } from 'node:child_process'
import { delimiter, dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findNode, hasOtherNodes } from '../support/node-binary.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const versions = ['20.19', '22', '24', '26'] as const

/** What the newest Node must pass with every change: etcd, the public face and the guarantees. */
const newestSuites = [
  'test/sources/etcd/contract.test.ts',
  'test/sources/etcd/tls.test.ts',
  'test/architecture/package.test.ts',
  'test/guarantees',
]

/** Runs vitest on one Node; resolves with true if it passes. */
const runOn = async (version: string, args: readonly string[]): Promise<boolean> => {
  const node = await findNode(version)
  // What the tests start is found by its name, so that children run on the same Node.
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` }
  const command = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'test/all.config.ts', ...args]
  const child = spawn(node, command, { cwd: root, env, stdio: 'inherit' })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code === 0))
  })
}

const [first, ...rest] = process.argv.slice(2)
const isNewest = first === '--newest'
const args = isNewest ? [...newestSuites, ...rest] : process.argv.slice(2)
const wanted: readonly string[] = isNewest ? versions.slice(-1) : versions
const failed: string[] = []
if (!hasOtherNodes)
  process.stdout.write('There is no package of other Nodes for this machine: the tests run on this one.\n')
for (const version of hasOtherNodes ? wanted : [String(process.versions.node.split('.', 1)[0])]) {
  process.stdout.write(`\nNode ${version}\n`)
  if (!(await runOn(version, args))) failed.push(version)
}
process.stdout.write(failed.length === 0 ? '\nEvery Node passes.\n' : `\nFailed on Node ${failed.join(', ')}.\n`)
process.exitCode = failed.length === 0 ? 0 : 1
