/** A test runner, and the time that it gives the test which runs now. */
export interface RunnerTimeout {
  readonly runner: 'vitest' | 'Jest'
  /** Milliseconds, from the start of the test. */
  readonly ms: number
  /** How a test of this runner gets more time. */
  readonly remedy: string
}

const remedies = {
  vitest: 'test(name, { timeout: 120_000 }, fn)',
  Jest: 'test(name, fn, 120_000)',
} as const

/**
 * Returns what vitest or Jest has noted of the test that runs now; undefined outside of them, and where they have noted
 * nothing. Neither has an API for this that works without importing it, so nothing may depend on the answer.
 */
export const runnerTimeout = (): RunnerTimeout | undefined => {
  const found = [['vitest', ofVitest()] as const, ['Jest', ofJest()] as const]
  for (const [runner, ms] of found) {
    if (typeof ms === 'number' && Number.isFinite(ms) && ms > 0) return { runner, ms, remedy: remedies[runner] }
  }
  return undefined
}

interface Globals {
  readonly __vitest_worker__?: { readonly current?: { readonly timeout?: unknown } }
}

const ofVitest = (): unknown => (globalThis as Globals).__vitest_worker__?.current?.timeout

interface JestState {
  readonly testTimeout?: unknown
  readonly currentlyRunningTest?: { readonly timeout?: unknown } | null
}

const ofJest = (): unknown => {
  const symbol = Object.getOwnPropertySymbols(globalThis).find(({ description }) => description === 'JEST_STATE_SYMBOL')
  if (symbol === undefined) return undefined
  const state: JestState | undefined = Reflect.get(globalThis, symbol)
  const test = state?.currentlyRunningTest
  return test === undefined || test === null ? undefined : (test.timeout ?? state?.testTimeout)
}
