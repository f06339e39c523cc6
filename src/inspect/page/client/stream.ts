import type { StreamEvents } from '../../stream/protocol.ts'
import type { Connection } from './model.ts'
import { now, setTimer } from './time.ts'

type EventName = keyof StreamEvents

interface StreamHandlers {
  readonly on: { readonly [Name in EventName]: (data: StreamEvents[Name]) => void }
  readonly onConnection: (connection: Connection) => void
}

/** The service sends a heartbeat every 15 s, so this long a silence means a dead connection. */
const SILENCE_MS = 45_000
const MIN_BACKOFF_MS = 1_000
const MAX_BACKOFF_MS = 10_000

/**
 * Follows the service's stream. The browser reconnects by itself after a break and resumes after its last event. If it
 * gives up, because the response was no stream, this asks for the reason, and stops only if the session has ended.
 */
export const followStream = ({ on, onConnection }: StreamHandlers): void => {
  let backoffMs = MIN_BACKOFF_MS
  let lostAt: number | undefined

  const onLost = (): void => {
    lostAt ??= now()
    onConnection({ kind: 'lost', since: lostAt })
  }

  const reopen = (): void => {
    setTimer(backoffMs, open)
    backoffMs = Math.min(backoffMs * 2, MAX_BACKOFF_MS)
  }

  const reopenUnlessExpired = async (): Promise<void> => {
    try {
      const { status } = await fetch('./', { cache: 'no-store' })
      if (status === 401 || status === 403) return onConnection({ kind: 'expired' })
    } catch {
      // The service does not answer at all, so the session may still be valid.
    }
    reopen()
  }

  const open = (): void => {
    const source = new EventSource('events')
    let hasHeartbeat = false
    let stopWatchdog = (): void => {}
    /** A connection can fall silent without breaking: a laptop slept, or a tunnel hangs. */
    const restartWatchdog = (): void => {
      stopWatchdog()
      if (!hasHeartbeat) return
      stopWatchdog = setTimer(SILENCE_MS, () => {
        source.close()
        onLost()
        reopen()
      })
    }
    source.addEventListener('heartbeat', () => {
      hasHeartbeat = true
      restartWatchdog()
    })
    source.addEventListener('open', () => {
      lostAt = undefined
      backoffMs = MIN_BACKOFF_MS
      onConnection({ kind: 'live' })
    })
    source.addEventListener('error', () => {
      stopWatchdog()
      onLost()
      if (source.readyState === EventSource.CLOSED) void reopenUnlessExpired()
    })
    const listen = <Name extends EventName>(name: Name): void =>
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        restartWatchdog()
        on[name](JSON.parse(data) as StreamEvents[Name])
        if (name !== 'end') return
        stopWatchdog()
        source.close()
      })
    for (const name of Object.keys(on)) listen(name as EventName)
  }

  open()
}
