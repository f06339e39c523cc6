import { describe, expect, it } from 'vitest'
import { coloursFor } from '../../src/cli/output/colours.ts'
import { exitCodeOf } from '../../src/cli/output/exit-codes.ts'
import { Output } from '../../src/cli/output/output.ts'
import { showDiff, valueText } from '../../src/cli/output/show-diff.ts'
import { table } from '../../src/cli/output/table.ts'
import type { ErrorCode } from '../../src/model/failure.ts'

const terminal = { isTTY: true }

describe('Colours', () => {
  it.each<readonly [{ readonly isTTY?: boolean }, Readonly<Record<string, string>>, boolean]>([
    [terminal, {}, true],
    [terminal, { NO_COLOR: '', TERM: 'xterm' }, true],
    [terminal, { NO_COLOR: '1' }, false],
    [terminal, { TERM: 'dumb' }, false],
    [{ isTTY: false }, {}, false],
    [{}, {}, false],
  ])('are on a terminal only, unless the environment refuses them: %j %j', (stream, env, isColoured) => {
    const { added, removed, changed, faint, strong } = coloursFor(stream, env)
    const texts = [added('x'), removed('x'), changed('x'), faint('x'), strong('x')]
    const coloured = [
      '\u001B[32mx\u001B[39m',
      '\u001B[31mx\u001B[39m',
      '\u001B[33mx\u001B[39m',
      '\u001B[2mx\u001B[22m',
      '\u001B[1mx\u001B[22m',
    ]
    expect(texts).toEqual(isColoured ? coloured : ['x', 'x', 'x', 'x', 'x'])
  })
})

describe('An exit code', () => {
  it.each<readonly [ErrorCode, number]>([
    ['source.timeout', 4],
    ['schema.timeout', 4],
    ['history.busy', 4],
    ['fleet.wait-timeout', 4],
    ['fleet.no-answer', 4],
    ['command.rolled-back', 5],
    ['command.superseded', 3],
    ['command.declined', 3],
    ['command.no-terminal', 3],
    ['source.conflict', 3],
    ['policy.refused', 3],
    ['secret.invalid', 3],
    ['config.not-plain', 3],
    ['schema.invalid', 3],
    ['document.malformed', 3],
    ['restart.held', 3],
    ['fleet.refused', 3],
    ['fleet.superseded', 3],
    ['fleet.disobeyed', 3],
    ['fleet.preflight-failed', 3],
    ['fleet.rollout-running', 3],
    ['fleet.rollout-failed', 5],
    ['fleet.rollout-lost', 5],
    ['fleet.rollout-aborted', 5],
    ['fleet.gate-closed', 5],
    ['document.missing', 1],
    ['document.format-missing', 1],
    ['source.unreachable', 1],
    ['command.usage', 1],
  ])('says what kind of failure %s is: %i', (code, exit) => {
    expect(exitCodeOf(code)).toBe(exit)
  })
})

describe('A difference', () => {
  const plain = coloursFor({}, {})
  it('stands on one line, with the values that may be shown', () => {
    const differences = [
      { path: 'a', change: 'changed', from: 1, to: 2 },
      { path: 'b', change: 'changed' },
      { path: 'c', change: 'added', to: { x: 1n.toString() } },
      { path: 'd', change: 'removed', from: [1] },
      { path: 'e', change: 'reordered', from: {}, to: {} },
      { path: 'f', change: 'added' },
    ]
    expect(showDiff({ differences, count: 8 } as never, plain).split('\n')).toEqual([
      '  ~ a  1 → 2',
      '  ~ b',
      '  + c  {"x":"1"}',
      '  - d  [1]',
      '  ~ e  keys in another order',
      '  + f',
      '  … and 2 more',
    ])
    expect(showDiff({ differences: [], count: 0 }, plain)).toBe('')
  })

  it('shows the beginning of a long value', () => {
    expect(valueText('x'.repeat(118))).toBe(`"${'x'.repeat(118)}"`)
    expect(valueText('x'.repeat(119))).toBe(`"${'x'.repeat(119)}…`)
    expect([valueText(undefined), valueText(7n), valueText(null)]).toEqual(['', '7', 'null'])
  })
})

describe('A table', () => {
  it('has columns as wide as their widest cell, and no spaces at the ends of lines', () => {
    const rows = [
      ['NAME', 'N', ''],
      ['a', '100', 'x'],
      ['longer', '', ''],
      ['b', '1'],
    ]
    expect(table(rows).split('\n')).toEqual(['NAME    N', 'a       100  x', 'longer', 'b       1'])
    expect(
      table([
        ['', 'x'],
        ['', 'y'],
      ]).split('\n'),
    ).toEqual(['  x', '  y'])
  })
})

describe('The output', () => {
  const outputOf = (isJson: boolean) => {
    const written = { out: '', err: '' }
    const stream = (name: 'out' | 'err') => ({
      write: (text: string) => {
        written[name] += text
      },
    })
    const io = { stdout: stream('out'), stderr: stream('err'), env: {}, cwd: '.' } as never
    return { written, output: new Output(io, isJson) }
  }

  it('is lines for people, without empty ones', () => {
    const { written, output } = outputOf(false)
    output.say('one')
    output.say('')
    output.write('two')
    output.note('three')
    output.note('')
    output.object('get', { a: 1 })
    expect(written).toEqual({ out: 'one\ntwo', err: 'three\n' })
  })

  it('is one object for programs, beside notes for people', () => {
    const { written, output } = outputOf(true)
    output.say('one')
    output.write('two')
    output.note('three')
    output.object('get', { a: 1 })
    expect(written).toEqual({ out: '{"schema":1,"command":"get","a":1}\n', err: 'three\n' })
  })
})
