import { pino as pino10 } from 'pino'
import { pino as pino9 } from 'pino9'
import { expect, it } from 'vitest'
import { isKnownLevel, levelsOf, levelValueOf } from '../../src/appliers/switch-level.ts'

it.each([
  ['10', pino10],
  ['9', pino9 as unknown as typeof pino10],
])('A logger that does not show its levels has those of pino %s', (_, pino) => {
  const own = pino({ level: 'debug' })
  expect({ ...levelsOf({ level: 'info' }) }).toEqual({ silent: Number.POSITIVE_INFINITY, ...own.levels.values })
  for (const level of Object.keys(own.levels.values)) {
    own.level = level
    expect(levelValueOf({ level })).toBe(own.levelVal)
    expect(isKnownLevel({ level: 'info' }, level)).toBe(true)
  }
  expect(levelValueOf({ level: 'loud' })).toBe(0)
  expect(isKnownLevel({ level: 'info' }, 'loud')).toBe(false)
})
