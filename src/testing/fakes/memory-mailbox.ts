import type { SourceError, SourceEvent } from '../../api/source.ts'

/** At most this many undelivered `deliver`ed events per watch: a test that injects more has a consumer that hangs. */
const MAX_DELIVERED = 10_000

/** The events that one watch still has to report. */
export const createMailbox = () => {
  let events: { readonly event: SourceEvent; readonly injected: boolean }[] = []
  let failure: SourceError | undefined
  let ended = false
  let wake: () => void = () => undefined

  return {
    /** The newest reading replaces an older one that was not taken yet. */
    report: (event: SourceEvent): void => {
      // A storm replaces thousands, one by one.
      const hasInjected = events.length > 1 || events[0]?.injected === true
      if (hasInjected) events = events.filter((entry) => entry.injected)
      else events.length = 0
      events.push({ event, injected: false })
      wake()
    },
    inject: (event: SourceEvent): void => {
      if (events.length >= MAX_DELIVERED) throw new RangeError(`more than ${MAX_DELIVERED} events wait to be taken`)
      events.push({ event, injected: true })
      wake()
    },
    fail: (error: SourceError): void => {
      failure ??= error
      wake()
    },
    end: (): void => {
      ended = true
      events = []
      wake()
    },
    take: async (): Promise<SourceEvent | undefined> => {
      for (;;) {
        if (ended) return undefined
        const entry = events.shift()
        if (entry !== undefined) return entry.event
        if (failure !== undefined) throw failure
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

/** See {@link createMailbox}. */
export type Mailbox = ReturnType<typeof createMailbox>
