import { appendFileSync } from 'node:fs'
import { relative } from 'node:path'
import { afterAll, expect } from 'vitest'

const out = process.env.CHANGEOVER_REACHED
const reached = new Set<number>()
if (out !== undefined) {
  Object.assign(globalThis, { __reached: (mutant: number) => reached.add(mutant) })
  afterAll(() => {
    appendFileSync(
      out,
      `${JSON.stringify({ test: relative('.', expect.getState().testPath ?? ''), reached: [...reached] })}\n`,
    )
  })
}
