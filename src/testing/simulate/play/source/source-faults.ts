import type { SourceFault } from '../../scenario/scenario.ts'
import { plantedText } from '../planted-error.ts'
import type { Simulation } from '../simulation.ts'

type FaultySource = Pick<Simulation<never>, 'source' | 'written' | 'put'>

/** Makes the fault happen. `source.heal` ends a fault that lasts. */
export const applySourceFault = (fault: SourceFault, on: FaultySource): void => void sourceFaultActions[fault](on)

const sourceFaultActions: Readonly<Record<SourceFault, (on: FaultySource) => unknown>> = {
  disconnect: ({ source }) => {
    source.breakWatch('source.unreachable')
    source.failReads('source.unreachable')
    source.failWatches('source.unreachable')
  },
  reset: ({ source }) => source.breakWatch('source.closed'),
  silence: ({ source }) => source.silence(),
  compact: ({ source }) => {
    source.breakWatch('source.compacted')
    source.failWatches('source.compacted', 1)
  },
  duplicate: ({ source, written }) => {
    const newest = written.at(-1)
    if (newest !== undefined) source.deliver(newest)
  },
  'out-of-order': ({ source, written }) => {
    const older = written.at(-2)
    if (older !== undefined) source.deliver(older)
    source.deliver({ kind: 'changed' })
  },
  'stale-read': ({ source }) => {
    source.staleReads(1)
    source.deliver({ kind: 'changed' })
  },
  slow: ({ source }) => source.hangReads(),
  hang: ({ source }) => source.hangReads({ deaf: true }),
  'failed-read': ({ source }) => {
    source.failReads('source.failed', 2)
    source.deliver({ kind: 'changed' })
  },
  missing: ({ source }) => source.delete(),
  malformed: ({ source }) => source.put(`{"${plantedText}`),
  wipe: ({ source }) => source.wipe(),
  'later-order': ({ source }) => source.renew(),
  'put-back': (on) => {
    const [older, newest] = on.written.slice(-2)
    if (older?.kind !== 'document' || newest?.kind !== 'document') return
    const between = on.put(older.content)
    on.put(newest.content)
    on.source.deliver(between)
  },
}
