import { memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { ReloaderOptions } from '../../src/api/options.ts'
import { type OptionRow, optionTable } from '../../src/api/option-table.ts'
import { resolveOptions } from '../../src/settings/settings.ts'

const required = { source: memorySource({}), schema: z.object({}) }

const rows = Object.entries<OptionRow>(optionTable)

/** The options with one of them set, by its name in the table. */
const withOption = (name: string, value: unknown): ReloaderOptions<object> => {
  const [head = '', tail] = name.split('.')
  const group = head === 'soak' ? { durationMs: 1_000 } : {}
  return { ...required, [head]: tail === undefined ? value : { ...group, [tail]: value } } as ReloaderOptions<object>
}

const settingOf = (settings: object, name: string): unknown =>
  name.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], settings)

describe('resolveOptions', () => {
  it.each(rows.filter(([, row]) => typeof row.default === 'number'))('fills in the default of %s', (name, row) => {
    const settings = resolveOptions(name.startsWith('soak.') ? { ...required, soak: { durationMs: 1 } } : required)
    expect(settingOf(settings, name)).toBe(row.default)
  })

  it.each(rows.filter(([, row]) => row.check === 'ms'))(
    'rejects a %s that no timer can hold',
    (name, { least = 0 }) => {
      for (const value of [Number.NaN, 2 ** 31, least - 1, '5']) {
        expect(() => resolveOptions(withOption(name, value))).toThrow(`${name} must be ${least} to 2147483647`)
      }
    },
  )

  it.each(rows.filter(([, row]) => row.check === 'count'))('rejects a %s that is not a whole number', (name) => {
    for (const value of [0, 1.5, Number.NaN, '5']) {
      expect(() => resolveOptions(withOption(name, value))).toThrow(`${name} must be a whole number`)
    }
  })

  it.each(['deadlines', 'soak', 'quarantine', 'confirm', 'sourceBackoff', 'repair'])(
    'names a misspelt option of %s',
    (group) => {
      const least = { soak: { durationMs: 1 }, confirm: { withinMs: 1 } }[group] ?? {}
      const options = { ...required, [group]: { ...least, minMS: 5 } } as ReloaderOptions<object>
      expect(() => resolveOptions(options)).toThrow(`${group} has no minMS`)
    },
  )

  it('soaks for 10 seconds if a last known good is kept, and not at all otherwise', () => {
    expect(resolveOptions(required).soak.durationMs).toBe(0)
    const store = { load: () => undefined, save: () => {} }
    expect(resolveOptions({ ...required, lastKnownGood: store }).soak.durationMs).toBe(10_000)
  })
})

describe('the id prefix of a reloader', () => {
  it('has eight characters, all of which depend on the random number', () => {
    const prefixOf = (random: number): string => resolveOptions({ ...required, random: () => random }).idPrefix
    expect(prefixOf(0)).toBe('00000000')
    expect(prefixOf(0.5)).toBe('i0000000')
    expect(prefixOf(1 - 2 ** -53)).toBe('zzzzzzzz')
  })
})

describe('the guarded logger', () => {
  it('passes each line on at its level', () => {
    const lines: unknown[] = []
    const at =
      (level: string) =>
      (...line: unknown[]): void =>
        void lines.push([level, ...line])
    const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
    const { logger: guarded } = resolveOptions({ ...required, logger })
    const levels = ['debug', 'info', 'warn', 'error'] as const
    for (const level of levels) guarded[level]({ level }, 'text')
    expect(lines).toEqual(levels.map((level) => [level, { level }, 'text']))
  })

  it('survives a logger that throws or rejects', () => {
    const fails = () => {
      throw new Error('disk full')
    }
    const rejects = () => Promise.reject(new Error('disk full'))
    const { logger } = resolveOptions({
      ...required,
      logger: { debug: fails, info: fails, warn: rejects, error: rejects },
    })
    expect(() => {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level]({}, 'text')
    }).not.toThrow()
  })
})
