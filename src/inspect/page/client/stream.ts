import type { WireEvents } from '../../wire.ts'
import type { Link } from './model.ts'
import { later, now } from './time.ts'

export interface StreamHandlers {
  readonly event: <Name extends keyof WireEvents>(name: Name, data: WireEvents[Name]) => void
  readonly link: (link: Link) => void
}

const names = ['hello', 'status', 'state', 'transaction', 'reported', 'bye'] as const satisfies readonly (keyof WireEvents)[]

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 10_000

/**
 * Follows the service. The browser itself reconnects after a break and tells where it was; where it gives up, because
 * the answer was no stream, this asks why: a session that has ended is not asked again, all else is.
 */
export const follow = ({ event, link }: StreamHandlers): void => {
  let pause = FIRST_PAUSE_MS
  let lostAt: number | undefined

  const lose = (): void => {
    lostAt ??= now()
    link({ kind: 'lost', since: lostAt })
  }

  const live = (): void => {
    lostAt = undefined
    pause = FIRST_PAUSE_MS
    link({ kind: 'live' })
  }

  const again = (): void => {
    later(pause, open)
    pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
  }

  const askWhy = async (): Promise<void> => {
    try {
      const { status } = await fetch('./', { cache: 'no-store' })
      if (status === 401 || status === 403) return link({ kind: 'gone' })
    } catch {
      // It does not answer at all: try again.
    }
    again()
  }

  const open = (): void => {
    const source = new EventSource('events')
    source.addEventListener('open', live)
    source.addEventListener('error', () => {
      lose()
      if (source.readyState === EventSource.CLOSED) void askWhy()
    })
    for (const name of names) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        const content = JSON.parse(data) as WireEvents[typeof name]
        if (name === 'bye') {
          source.close()
          link({ kind: 'ended', reason: (content as WireEvents['bye']).reason, at: now() })
        } else event(name, content)
      })
    }
  }

  open()
}
