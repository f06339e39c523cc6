import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { admissionMachine, reloadMachine, watchMachine } from '../../machines/index.ts'
import { admissionWords } from './readme/admission-words.ts'
import { mermaidIds, mermaidOf } from './readme/mermaid.ts'
import { COMMAND, README, readme } from './readme/readme.ts'
import { reloadWords } from './readme/reload-words.ts'
import { namesOf } from './readme/tables.ts'
import { watchWords } from './readme/watch-words.ts'
import { edgesOf } from './walk/definition.ts'
import { writeReadme } from './write-readme.ts'

const sorted = (names: Iterable<string>) => [...names].sort()

it('The README of the machines says what the machines are', () => {
  expect(readFileSync(README, 'utf8'), `write it anew: ${COMMAND}`).toBe(readme())
})

it('The command that writes the README anew writes what the test wants', () => {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-'))
  try {
    writeReadme(join(folder, 'README.md'))
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe(readme())
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe.each([
  ['reload', reloadMachine, reloadWords],
  ['admission', admissionMachine, admissionWords],
  ['watch', watchMachine, watchWords],
] as const)('The README of the %s machine', (_, machine, words) => {
  const names = namesOf(machine)

  it.each(['states', 'events', 'actors', 'delays', 'guards', 'actions'] as const)(
    'explains all %s, and no others',
    (kind) => {
      expect(sorted(Object.keys(words[kind]))).toEqual(sorted(names[kind]))
    },
  )

  it.each(['actors', 'delays', 'guards', 'actions'] as const)(
    'has a use for all %s that the machine sets up',
    (kind) => {
      expect(sorted(Object.keys(machine.implementations[kind]))).toEqual(sorted(names[kind]))
    },
  )

  it('charts every state by an id that mermaid can read', () => {
    const chart = mermaidOf(machine)
    const drawn = [...chart.matchAll(/^ *state "[^"]+" as (\S+)/gm)].map(([, id]) => id ?? '')
    expect(sorted(drawn)).toEqual(sorted(mermaidIds(machine)))
    expect(drawn.filter((id) => !/^\w+$/.test(id))).toEqual([])
    for (const [, from = '', to = ''] of chart.matchAll(/^ *(\S+) --> (\S+?):/gm)) {
      expect(drawn).toEqual(expect.arrayContaining([from, to]))
    }
  })

  it('charts every transition that leads somewhere, with its guard', () => {
    const chart = mermaidOf(machine)
    for (const { targets, on, guard, title } of edgesOf(machine)) {
      if (targets.length === 0) continue
      const label = on.replace(/ of .*/, '') + (guard === undefined ? '' : ` [${guard}]`)
      expect(chart, title).toContain(label)
    }
  })

  it('draws no arrow between a state and a state around it, which not every mermaid can lay out', () => {
    for (const [, from = '', to = ''] of mermaidOf(machine).matchAll(/^ *(\S+) --> (\S+?):/gm)) {
      expect(from.startsWith(`${to}_`) || to.startsWith(`${from}_`), `${from} --> ${to}`).toBe(false)
    }
  })
})
