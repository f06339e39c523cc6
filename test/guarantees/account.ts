import { expect } from 'vitest'
import type { Harness } from './harness.ts'

export const generationModules = ['a', 'b', 'c', 'x'] as const

/** Expects that the reloader reports the generations that the modules themselves have counted. */
export const expectAccount = ({ reloader, modules }: Harness): void => {
  for (const name of generationModules) {
    const { opened, closed, live, leaked } = reloader.status().modules[name] ?? {
      opened: 0,
      closed: 0,
      live: 0,
      leaked: 0,
    }
    const { made } = modules[name]
    const begun = made.filter(({ closes }) => closes > 0).length
    expect([name, opened, opened - closed - leaked]).toEqual([name, made.length, live])
    expect([name, made.every(({ closes }) => closes <= 1)]).toEqual([name, true])
    // Closed and leaked generations were asked to close; a live one serves, is staged, or is being retired.
    expect([name, closed + leaked <= begun]).toEqual([name, true])
    expect([name, made.length - begun <= live]).toEqual([name, true])
  }
}
