import assert from 'node:assert/strict'
import { SourceError } from '../../api/source.ts'
import { isCode } from '../../intake/read-result.ts'
import { never, type ContractKit } from './contract-kit.ts'
import { followWithReloader } from './reloader-follower.ts'
import type { CaseBody } from './source-setup.ts'

/** What must hold from the first read to the close. */
export const lifeCases: readonly CaseBody<ContractKit>[] = [
  {
    name: 'it breaks a watch with a SourceError that has a code, and a new watch works',
    needs: ['breakWatch'],
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const { follower } = await kit.start()
      await kit.can('breakWatch')
      await kit.until(() => follower.outcome() !== undefined, 'the watch breaks')
      expectSourceError(follower.outcome())
      await kit.setup.mend?.()
      await kit.until(() => canRead(kit), 'a read works again')
      const { revision } = await kit.read()
      const next = await kit.watch(revision)
      await kit.setup.put('{"n":2}')
      await kit.learns(next, '{"n":2}')
    },
  },
  {
    name: 'it serves every change through a reloader, which finds nothing to report',
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const service = followWithReloader(kit)
      // The third is the first again, and the fourth comes with the fifth.
      for (const n of [1, 2, 1, 3]) {
        await kit.setup.put(`{"n":${n}}`)
        await service.serves(n)
      }
      await kit.setup.put('{"n":4}')
      await kit.setup.put('{"n":5}')
      await service.serves(5)
      assert.deepEqual(service.faults(), [])
    },
  },
  {
    name: 'it serves what replaces a wiped store, even if the revisions are the same as before',
    needs: ['wipe'],
    body: async (kit) => {
      await kit.setup.put('{"n":1}')
      const service = followWithReloader(kit)
      await service.serves(1)
      for (const n of [2, 3]) {
        await kit.can('wipe')
        await kit.setup.put(`{"n":${n}}`)
        await service.serves(n)
      }
    },
  },
  {
    name: 'it leaves nothing behind after close, even if watches were open and a consumer hung',
    body: async (kit) => {
      const { follower, found } = await kit.start()
      await kit.take(found.revision)
      await kit.close()
      // Without a `close` there is nothing but the signals to end a watch with.
      if (kit.source.close === undefined) await kit.endWatches()
      await kit.until(() => follower.outcome() !== undefined, 'a watch ends after close')
      if (follower.outcome() !== 'end') expectSourceError(follower.outcome())
      const { leftovers = () => 0 } = kit.setup
      await kit.until(() => leftovers() === 0, 'nothing is left after close')
      if (kit.source.close === undefined) return
      const reading = kit.within(kit.source.read(never), 'a read rejects after close')
      await assert.rejects(reading, SourceError, 'a read rejects after close')
      const late = kit.follow(found.revision)
      await kit.until(() => late.outcome() !== undefined, 'a watch that is opened after close ends')
    },
  },
]

const expectSourceError = (error: unknown): void => {
  assert.ok(error instanceof SourceError, 'a watch breaks with a SourceError')
  assert.ok(isCode(error.code, 'source'), 'a SourceError has a source code')
}

const canRead = async ({ source }: ContractKit): Promise<boolean> => {
  try {
    return (await source.read(never)).kind !== undefined
  } catch (error) {
    expectSourceError(error)
    return false
  }
}
