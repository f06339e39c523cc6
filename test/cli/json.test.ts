import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { allCommands } from '../../src/cli/commands/all-commands.ts'
import { call, type Ended, jsonOf, makeFolder, removeFolder } from './command.ts'

let folder: string
beforeEach(async () => {
  folder = await makeFolder('export default {}')
})
afterEach(() => removeFolder(folder))

const run = (argv: readonly string[]): Promise<Ended> => call(argv, { cwd: folder })

describe('--json', () => {
  it.each([
    ...allCommands.flatMap(
      ({ name }) =>
        [
          [[name, '--help'], name, 0],
          [[name, '--no-such-flag'], name, 1],
          [[name, '--password', 'x'], name, 1],
          [[name, 'a', 'b', 'c', 'd', 'e'], name, 1],
        ] as const,
    ),
    [[], 'changeover', 1],
    [['--help'], 'help', 0],
    [['nothing'], 'changeover', 1],
  ] as const)('prints one object for %j', async (argv, command, exit) => {
    const ended = await run([...argv, '--json'])
    expect(jsonOf(ended)).toMatchObject({ schema: 1, command, exit })
    expect([ended.exit, ended.err]).toEqual([exit, ''])
  })

  it('is not taken for the flag behind two dashes', async () => {
    await writeFile(join(folder, 'config.json'), '{"a":1}')
    const ended = await run(['set', '--file', 'config.json', 'a', '--', '--json'])
    expect([ended.exit, ended.out]).toEqual([0, expect.stringContaining('Published')])
    expect(await readFile(join(folder, 'config.json'), 'utf8')).toBe('{"a":"--json"}')
  })
})
