import type { ReadResult } from '../../../api/source.ts'
import type { MemorySource } from '../../fakes/memory-source.ts'
import type { SourceFault } from '../scenario/scenario.ts'
import { plantedText } from './planted-error.ts'

/** What a source fault acts on. */
export interface FaultySource {
  readonly source: MemorySource
  /** The latest documents of the source, the newest last. */
  readonly written: readonly ReadResult[]
}

/** Makes the fault happen. `source.heal` ends a fault that lasts. */
export const applySourceFault = (fault: SourceFault, { source, written }: FaultySource): void => {
  const newest = written.at(-1)
  const older = written.at(-2)
  switch (fault) {
    case 'disconnect':
      source.breakWatch('source.unreachable')
      source.failReads('source.unreachable')
      return source.failWatches('source.unreachable')
    case 'reset':
      return source.breakWatch('source.closed')
    case 'silence':
      return source.silence()
    case 'compact':
      source.breakWatch('source.compacted')
      return source.failWatches('source.compacted', 1)
    case 'duplicate':
      if (newest !== undefined) source.deliver(newest)
      return
    case 'out-of-order':
      if (older !== undefined) source.deliver(older)
      return source.deliver({ kind: 'changed' })
    case 'stale-read':
      source.staleReads(1)
      return source.deliver({ kind: 'changed' })
    case 'slow':
      return source.hangReads()
    case 'hang':
      return source.hangReads({ deaf: true })
    case 'failed-read':
      source.failReads('source.failed', 2)
      return source.deliver({ kind: 'changed' })
    case 'missing':
      source.delete()
      return
    case 'malformed':
      source.put(`{"${plantedText}`)
      return
    case 'wipe':
      source.wipe()
  }
}
