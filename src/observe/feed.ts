import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ChannelMessages } from '../api/channels.ts'

/** A listener for some of the channels. */
export type FeedListeners = {
  readonly [Name in keyof ChannelMessages]?: (message: ChannelMessages[Name]) => void
}

/** Passes on the messages of one reloader. Returns the function that ends it; the close of the reloader ends it too. */
export const followReloader = (reloader: string, listeners: FeedListeners, onClosed?: () => void): (() => void) => {
  const ends: (() => void)[] = []
  const stop = (): void => {
    for (const end of ends.splice(0)) end()
  }
  const follow = <Name extends keyof ChannelMessages>(
    name: Name,
    listener: ((message: ChannelMessages[Name]) => void) | undefined,
  ): void => {
    if (listener === undefined) return
    const own = (message: unknown): void => {
      if ((message as ChannelMessages[Name]).reloader === reloader) listener(message as ChannelMessages[Name])
    }
    subscribe(name, own)
    ends.push(() => unsubscribe(name, own))
  }
  follow('changeover:transaction', listeners['changeover:transaction'])
  follow('changeover:phase', listeners['changeover:phase'])
  follow('changeover:source', listeners['changeover:source'])
  follow('changeover:state', (message) => {
    listeners['changeover:state']?.(message)
    if (message.kind !== 'closed') return
    stop()
    onClosed?.()
  })
  return stop
}
