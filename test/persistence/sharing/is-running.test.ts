import { afterEach, expect, test, vi } from 'vitest'
import { isRunning } from '../../../src/persistence/sharing/owner.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const refuse = (error: unknown) => vi.spyOn(process, 'kill').mockImplementation(() => { throw error }) // biome-ignore format: one line

test.each([
  ['EPERM', true],
  ['EINVAL', true],
  ['ESRCH', false],
])('A process is taken for ended only if the system says that there is none: %s', (code, isAlive) => {
  const kill = refuse(Object.assign(new Error('refused'), { code }))
  expect(isRunning(4711)).toBe(isAlive)
  expect(kill).toHaveBeenCalledWith(4711, 0)
})

test.each([[new Error('without a code')], ['no error at all']])(
  'A process is not taken for ended because of %s',
  (error) => {
    refuse(error)
    expect(isRunning(4711)).toBe(true)
  },
)
