import type { MemorySource } from '../../fakes/memory-source.ts'
import type { ReadResult } from '../../../api/source.ts'
import type { SourceFault } from '../scenario/scenario.ts'

/** Stands in all that goes wrong on purpose, so that its way into logs and records is found (G16). */
export const plantedText = 'planted-by-the-simulation'

/** What a source fault needs of the world. */
export interface SourceWorld {
  readonly source: MemorySource
  /** The readings so far, oldest first. */
  readonly readings: readonly ReadResult[]
}

/** Makes the fault happen. What lasts is ended by `source.heal`. */
export const applySourceFault = (fault: SourceFault, { source, readings }: SourceWorld): void => {
  const newest = readings.at(-1)
  const older = readings.at(-2)
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
