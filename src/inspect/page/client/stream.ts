import type { WireEvents } from '../../stream/protocol.ts'
import type { Link } from './model.ts'
import { later, now } from './time.ts'

type Told = Exclude<keyof WireEvents, 'beat'>

export interface StreamHandlers {
  readonly on: { readonly [Name in Told]: (data: WireEvents[Name]) => void }
  readonly link: (link: Link) => void
}

/** The service says something every 15 s, if only that it is there. */
const SILENCE_MS = 45_000
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 10_000

/**
 * Follows the service. The browser itself reconnects after a break and tells where it was; where it gives up, because
 * the answer was no stream, this asks why: a session that has ended is not asked again, all else is.
 */
export const follow = ({ on, link }: StreamHandlers): void => {
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
    let isWatched = false
    let rest = (): void => {}
    /** A link may fall silent without breaking: a laptop slept, a tunnel hangs. */
    const heard = (): void => {
      rest()
      if (!isWatched) return
      rest = later(SILENCE_MS, () => {
        source.close()
        lose()
        again()
      })
    }
    source.addEventListener('beat', () => {
      isWatched = true
      heard()
    })
    source.addEventListener('open', live)
    source.addEventListener('error', () => {
      rest()
      lose()
      if (source.readyState === EventSource.CLOSED) void askWhy()
    })
    const listen = <Name extends Told>(name: Name): void =>
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        heard()
        on[name](JSON.parse(data) as WireEvents[Name])
        if (name !== 'bye') return
        rest()
        source.close()
      })
    for (const name of Object.keys(on)) listen(name as Told)
  }

  open()
}
