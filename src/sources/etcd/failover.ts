import { setMaxListeners } from 'node:events'
import type { SourceCode } from '../../model/failure.ts'
import { SourceError } from '../../api/source.ts'
import { linkSignals } from './unary-call.ts'
import { makeHandles, type Handle, type Handles } from './connection-pool.ts'
import { toSourceError } from './errors.ts'
import { makeLineages, type Lineages } from './lineage.ts'
import type { Connection } from './options.ts'

/** What one source's reads and watches share. */
export interface Context {
  readonly connection: Connection
  readonly handles: Handles
  readonly lineages: Lineages
  /** Aborts at `close`. */
  readonly closed: AbortSignal
}

export const makeContext = (connection: Connection, closed: AbortSignal): Context => {
  // Each read and watch under way listens to it: many are no leak, and all of them take their listener off again.
  setMaxListeners(0, closed)
  return { connection, handles: makeHandles(connection), lineages: makeLineages(), closed }
}

// After these the connection may be dead, half-open or wedged, and gRPC's own back-off would hold up the next attempt.
const suspicious: ReadonlySet<SourceCode> = new Set([
  'source.unreachable',
  'source.timeout',
  'source.tls',
  'source.failed',
])

/** True where a new connection, perhaps to another host, may help. */
export const isSuspicious = (code: SourceCode): boolean => suspicious.has(code)

// A caller whose own deadline is shorter than ours would else ask the same dead host for ever.
const PATIENCE_MS = 1_000

/** Runs `task` on the current host, and on the others in turn while it fails in a way that another may not. */
export const onSomeHost = async <Value>(
  context: Context,
  parent: AbortSignal,
  task: (handle: Handle, signal: AbortSignal) => Promise<Value>,
): Promise<Value> => {
  const { handles, connection, closed } = context
  const { clock, hosts } = connection
  const { signal, unlink } = linkSignals(parent, closed)
  try {
    for (let tries = 1; ; tries++) {
      if (signal.aborted) throw new SourceError('source.closed')
      const began = clock.monotonic()
      const handle = handles.acquire()
      try {
        return await task(handle, signal)
      } catch (error) {
        const failure = toSourceError(error)
        const wasPatient = signal.aborted && clock.monotonic() - began >= PATIENCE_MS
        if (wasPatient || isSuspicious(failure.code)) handles.retire(handle)
        if (signal.aborted || !isSuspicious(failure.code) || tries >= hosts.length) throw failure
      } finally {
        handles.release(handle)
      }
    }
  } finally {
    unlink()
  }
}
