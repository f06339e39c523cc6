import { describe, expect, it } from 'vitest'
import { loadServer } from './load.ts'
import { servers } from './servers.ts'

describe('200 clients during 20 reloads a second', () => {
  it.each(Object.keys(servers))('see one version each on %s, and leave nothing held', async (name) => {
    const result = await loadServer(name, { requests: 2_000, clients: 200, reloadsPerSecond: 20, abortOneIn: 10 })
    expect(result).toMatchObject({ answered: 1_800, aborted: 200, wrong: [], pools: 1 })
    expect(result.versions).toBeGreaterThan(1)
  })
})
