import { execFile } from 'node:child_process'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { codeBlocks } from '../../docs/markdown.ts'
import { readPage } from '../../docs/pages.ts'
import { makeFolder, sourceEnvironment } from '../../docs/readme-example.ts'

test('The source in the guide passes the contract, run by node:test as the guide shows it', async () => {
  const folder = await makeFolder('contract')
  onTestFinished(() => rm(folder, { recursive: true }))
  for (const name of ['http-source.ts', 'http-source.test.ts']) {
    const block = codeBlocks(readPage('docs/guide/sources.md'), 'ts').find((code) => code.startsWith(`// ${name}\n`))
    await writeFile(join(folder, name), block ?? '')
  }
  const args = ['--import', 'tsx', '--test-reporter', 'tap', join(folder, 'http-source.test.ts')]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder, env: sourceEnvironment() })
  expect(stdout).toMatch(/^# pass 2\d$/m)
  expect(stdout).toMatch(/^# fail 0$/m)
})
