import { memorySource, sourceContract, type SourceSetup } from 'changeover/testing'
import { describe, it } from 'vitest'

const make = (): SourceSetup => {
  const source = memorySource()
  return {
    source,
    put: source.put,
    remove: source.delete,
    breakWatch: () => source.breakWatch('source.unreachable'),
    wipe: source.wipe,
    leftovers: () => source.watches,
  }
}

describe('The memory source fulfils the contract of a source', () => {
  for (const { name, run } of sourceContract(make)) it(name, run)
})
