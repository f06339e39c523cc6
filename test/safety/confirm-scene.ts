import { documentOf, provedWorld, SOAK_MS } from './world.ts'
import type { BootOptions } from './process.ts'

export const WITHIN_MS = 60_000
export const confirming = { confirm: { withinMs: WITHIN_MS } }

/** The document 1 is good; 2 has been swapped in and `ms` of its proof have passed. */
export const unconfirmed = async (ms = SOAK_MS, more: BootOptions = {}) => {
  const { world, process } = await provedWorld([1], { ...confirming, ...more })
  const before = [process.reloader.modules.a.current, process.reloader.modules.b.current]
  world.source.put(documentOf(2))
  await process.advance(ms)
  const { confirmation } = process.reloader.status()
  return { world, process, before, id: confirmation?.transaction ?? '' }
}

/** How a call ends: the outcome of its record, or the code of its error. */
export const codeOf = (call: Promise<{ readonly outcome: string }>): Promise<string> =>
  call.then(
    ({ outcome }) => outcome,
    ({ code }: { code: string }) => code,
  )
