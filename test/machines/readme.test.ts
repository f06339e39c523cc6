import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { admissionMachine, reloadMachine, watchMachine } from '../../machines/index.ts'
import { admissionDescriptions } from './readme/admission-descriptions.ts'
import { mermaidIds, mermaidOf } from './readme/mermaid.ts'
import { COMMAND, README, readme } from './readme/readme.ts'
import { reloadDescriptions } from './readme/reload-descriptions.ts'
import { namesOf } from './readme/tables.ts'
import { watchDescriptions } from './readme/watch-descriptions.ts'
import { edgesOf } from './walk/definition.ts'
import { writeReadme } from './write-readme.ts'

const sorted = (names: Iterable<string>) => [...names].sort()

it('The README of the machines matches the machines', () => {
  expect(readFileSync(README, 'utf8'), `run ${COMMAND}`).toBe(readme())
})

it('The command writes the README that the test expects', () => {
  const folder = mkdtempSync(join(tmpdir(), 'changeover-'))
  try {
    writeReadme(join(folder, 'README.md'))
    expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe(readme())
  } finally {
    rmSync(folder, { recursive: true })
  }
})

describe.each([
  ['reload', reloadMachine, reloadDescriptions],
  ['admission', admissionMachine, admissionDescriptions],
  ['watch', watchMachine, watchDescriptions],
] as const)('The README of the %s machine', (_, machine, descriptions) => {
  const names = namesOf(machine)

  it.each(['states', 'events', 'work', 'delays', 'guards', 'actions'] as const)(
    'explains all %s and nothing else',
    (kind) => {
      expect(sorted(Object.keys(descriptions[kind]))).toEqual(sorted(names[kind]))
    },
  )

  it.each(['delays', 'guards'] as const)('uses all %s that the machine sets up', (kind) => {
    expect(sorted(Object.keys(machine.implementations[kind]))).toEqual(sorted(names[kind]))
  })

  it('uses all actions, work and actors that the machine sets up', () => {
    const { actions, actors } = machine.implementations
    const setUp = [...Object.keys(actions), ...Object.keys(actors)]
    expect(sorted(setUp)).toEqual(sorted([...names.actions, ...names.work]))
  })

  it('draws every state under an id that mermaid can read', () => {
    const chart = mermaidOf(machine)
    const drawn = [...chart.matchAll(/^ *state "[^"]+" as (\S+)/gm)].map(([, id]) => id ?? '')
    expect(sorted(drawn)).toEqual(sorted(mermaidIds(machine)))
    expect(drawn.filter((id) => !/^\w+$/.test(id))).toEqual([])
    for (const [, from = '', to = ''] of chart.matchAll(/^ *(\S+) --> (\S+?):/gm)) {
      expect(drawn).toEqual(expect.arrayContaining([from, to]))
    }
  })

  it('draws every transition that has a target, with its guard', () => {
    const chart = mermaidOf(machine)
    for (const { targets, on, guard, title } of edgesOf(machine)) {
      if (targets.length === 0) continue
      const label = on.replace(/ of .*/, '') + (guard === undefined ? '' : ` [${guard}]`)
      expect(chart, title).toContain(label)
    }
  })

  it('draws no arrow between a state and its ancestor, which some versions of mermaid cannot lay out', () => {
    for (const [, from = '', to = ''] of mermaidOf(machine).matchAll(/^ *(\S+) --> (\S+?):/gm)) {
      expect(from.startsWith(`${to}_`) || to.startsWith(`${from}_`), `${from} --> ${to}`).toBe(false)
    }
  })
})
