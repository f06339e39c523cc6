import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'
import { afterAll, beforeAll, expect } from 'vitest'

interface Marked {
  __reached?: (mutant: number) => void
  /** What modules reach when they are loaded, which happens once for all test files of a process. */
  __reachedOnLoad?: Set<number>
}

const out = process.env.CHANGEOVER_REACHED
if (out !== undefined) {
  const marked = globalThis as Marked
  marked.__reachedOnLoad ??= new Set()
  const onLoad = marked.__reachedOnLoad
  const reached = new Set<number>()
  let isLoading = true
  marked.__reached = (mutant) => {
    reached.add(mutant)
    if (isLoading) onLoad.add(mutant)
  }
  beforeAll(() => {
    isLoading = false
  })
  afterAll(() => {
    const test = relative('.', expect.getState().testPath ?? '')
    appendFileSync(out, `${JSON.stringify({ test, reached: [...new Set([...onLoad, ...reached])] })}\n`)
  })
}
