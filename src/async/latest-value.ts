import type { Opened, SourceEvent } from '../api/source.ts'

/** What a watch has to say to a consumer that may be slow: it holds one event at most, the newest. */
export interface Mailbox {
  readonly put: (event: SourceEvent) => void
  /** Nothing comes after what is held now; with an error, taking ends with that. Only the first call counts. */
  readonly end: (error?: Error) => void
  /** The next event; undefined at the end. One taker at a time. */
  readonly take: () => Promise<SourceEvent | undefined>
}

export const makeMailbox = (): Mailbox => {
  // `opened` is no news of the document, so no document may displace it.
  let opened: Opened | undefined
  let newest: SourceEvent | undefined
  let ended: { readonly error?: Error } | undefined
  let wake: (() => void) | undefined

  const signal = (): void => {
    wake?.()
    wake = undefined
  }

  return {
    put: (event) => {
      if (ended !== undefined) return
      if (event.kind === 'opened') opened = event
      else newest = event
      signal()
    },
    end: (error) => {
      if (ended !== undefined) return
      ended = error === undefined ? {} : { error }
      if (error === undefined) opened = newest = undefined
      signal()
    },
    take: async () => {
      while (opened === undefined && newest === undefined && ended === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
      const event = opened ?? newest
      if (event === undefined) {
        if (ended?.error !== undefined) throw ended.error
        return undefined
      }
      if (event === opened) opened = undefined
      else newest = undefined
      return event
    },
  }
}
