import { execFileSync } from 'node:child_process'
import { hostname, userInfo } from 'node:os'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { call, jsonOf, makeFolder, removeFolder } from './command.ts'

let folder: string
beforeEach(async () => {
  folder = await makeFolder('export default {}')
  await writeFile(join(folder, 'next.json'), '{"a":1}')
  // Neither the repository of the project nor the settings of whoever runs the tests count.
  vi.stubEnv('GIT_CEILING_DIRECTORIES', dirname(folder))
  vi.stubEnv('GIT_CONFIG_GLOBAL', '/dev/null')
  vi.stubEnv('GIT_CONFIG_NOSYSTEM', '1')
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await removeFolder(folder)
})

const git = (...argv: readonly string[]): void => void execFileSync('git', argv, { cwd: folder })

/** The newest entry after a publish. */
const entryOf = async (...flags: readonly string[]) => {
  const publishing = ['publish', 'next.json', '--file', 'config.json', '--if-revision', '0', ...flags]
  expect(await call(publishing, { cwd: folder })).toMatchObject({ exit: 0 })
  const [entry] = jsonOf(await call(['history', '--file', 'config.json', '--json'], { cwd: folder }))
    .entries as readonly Record<string, unknown>[]
  return entry
}

describe('The author of an entry', () => {
  it('is the one that the flag names, before git', async () => {
    git('init', '--quiet')
    git('config', 'user.name', 'Grace')
    expect(await entryOf('--author', 'Ada', '-m', 'first')).toMatchObject({ author: 'Ada', reason: 'first' })
  })

  it.each([
    ['Grace', 'grace@example.com', 'Grace <grace@example.com>'],
    ['Grace', '', 'Grace'],
    ['', 'grace@example.com', 'grace@example.com'],
  ])('is known to git otherwise: %j %j', async (name, email, author) => {
    git('init', '--quiet')
    if (name !== '') git('config', 'user.name', name)
    if (email !== '') git('config', 'user.email', email)
    expect(await entryOf()).toMatchObject({ author, reason: '' })
  })

  it('is the user and the host if git knows none', async () => {
    expect(await entryOf()).toMatchObject({ author: `${userInfo().username}@${hostname()}` })
  })

  it('is refused if it is empty or long, and loses its line breaks', async () => {
    for (const author of ['', ' ', 'x'.repeat(201)]) {
      const ended = await call(
        ['publish', 'next.json', '--file', 'config.json', '--if-revision', '0', '--author', author],
        {
          cwd: folder,
        },
      )
      expect([ended.exit, ended.err]).toEqual([1, expect.stringContaining('command.usage')])
    }
    expect(await entryOf('--author', 'Ada\nLovelace')).toMatchObject({ author: 'Ada Lovelace' })
  })
})

it('An entry is stored as the reference says: JSON, compressed by zlib', async () => {
  const entry = await entryOf('--author', 'Ada', '-m', 'why')
  const bytes = await readFile(join(folder, 'config.json.changeover', '0000000001.entry'))
  expect(JSON.parse(inflateSync(bytes).toString())).toEqual({
    schema: 1,
    ...entry,
    id: expect.stringMatching(/^[0-9a-f]{16}$/),
    text: '{"a":1}',
  })
})
