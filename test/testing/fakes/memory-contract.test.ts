import { memorySource } from '../../../src/testing/index.ts'
import { describeSourceContract } from '../../sources/contract.ts'

describeSourceContract('The memory source', {
  make: async () => {
    const source = memorySource()
    return {
      source,
      put: source.put,
      remove: source.delete,
      breakWatch: () => source.breakWatch('source.unreachable'),
      leftovers: () => source.watches,
      dispose: () => undefined,
    }
  },
})
