import { describe, expect, it } from 'vitest'
import { type LayersRun, playLayers } from './play-layers.ts'

describe('The simulation of three layers', () => {
  it('finds that no layer goes back alone and that all newest documents serve in the end, in 15 histories', async () => {
    const runs: (LayersRun & { readonly seed: number })[] = []
    for (let seed = 1; seed <= 15; seed++) runs.push({ seed, ...(await playLayers(seed)) })
    expect(
      runs.filter(({ violations }) => violations.length > 0).map(({ seed, violations }) => ({ seed, violations })),
    ).toEqual([])
    expect(runs.reduce((sum, { transactions }) => sum + transactions, 0)).toBeGreaterThan(150)
  })

  it('plays a seed the same way again', async () => {
    expect((await playLayers(7)).trace).toEqual((await playLayers(7)).trace)
  })
})
