import { inspector } from 'changeover/inspect'
import { expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/api/clock.ts'
import { configOf, startHarness } from '../guarantees/harness.ts'

it('An inspector that has closed leaves no timer that would keep the process alive', async () => {
  const { reloader } = await startHarness({ config: configOf({ a: 1 }) })
  const inspected = await inspector({ reloader, port: 0 })
  const [begun, ended] = [vi.spyOn(systemClock, 'setTimeout'), vi.spyOn(systemClock, 'clearTimeout')]
  onTestFinished(() => {
    vi.restoreAllMocks()
  })
  await inspected.close()
  const cleared = new Set(ended.mock.calls.map(([handle]) => handle))
  expect(begun).toHaveBeenCalled()
  for (const { value } of begun.mock.results) expect(cleared).toContain(value)
})
