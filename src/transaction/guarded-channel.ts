import { type Channel, channel as channelOf, type ChannelListener } from 'node:diagnostics_channel'
import { reportRejection } from '../async/thenable.ts'

/** Hears what a subscriber throws. */
type OnError = (error: unknown) => void

/** Two copies of the package share the channels of a process, and only one of them guards them. */
const guarded = Symbol.for('changeover.guarded-channel')

/** Who publishes in this turn. A subscriber is called synchronously, so what it throws is this one's to report. */
let onError: OnError = () => {}

/** Publishes a message. What a subscriber throws, or rejects with, goes to `report`. */
export const publishTo = (channel: Channel, message: object, report: OnError): void => {
  const before = onError
  onError = report
  try {
    channel.publish(message)
  } finally {
    onError = before
  }
}

/**
 * Returns a channel whose subscribers cannot end the process: Node itself rethrows what a subscriber throws as an uncaught
 * exception. Each subscriber is wrapped as it subscribes; those that came first are subscribed again.
 */
export const guardedChannel = (name: string): Channel => {
  const channel = channelOf(name) as Channel & { [guarded]?: true; _subscribers?: unknown }
  if (channel[guarded] === true) return channel
  const wrappers = new WeakMap<ChannelListener, ChannelListener>()
  const known = new WeakSet<ChannelListener>()
  const wrapperOf = (listener: ChannelListener): ChannelListener => {
    if (typeof listener !== 'function' || known.has(listener)) return listener // Node refuses what is no function
    const wrapper = wrappers.get(listener) ?? guard(listener)
    wrappers.set(listener, wrapper)
    known.add(wrapper)
    return wrapper
  }
  const early = Array.isArray(channel._subscribers) ? (channel._subscribers as ChannelListener[]) : []
  for (const listener of [...early]) {
    channel.unsubscribe(listener)
    channel.subscribe(wrapperOf(listener))
  }
  // By the prototype of the moment: a channel changes it with its first and its last subscriber.
  const own = (method: 'subscribe' | 'unsubscribe') =>
    function (this: Channel, listener: ChannelListener): unknown {
      return Object.getPrototypeOf(this)[method].call(this, wrapperOf(listener))
    }
  Object.defineProperties(channel, {
    [guarded]: { value: true },
    subscribe: { value: own('subscribe') },
    unsubscribe: { value: own('unsubscribe') },
  })
  return channel
}

/** Wraps a subscriber. Its error is reported once: it would be another one with each message, its own report included. */
const guard = (listener: ChannelListener): ChannelListener => {
  let hasFailed = false
  const failOnce = (error: unknown, report: OnError): void => {
    if (hasFailed) return
    hasFailed = true
    report(error)
  }
  return (message, name) => {
    const report = onError
    try {
      reportRejection(listener(message, name) as unknown, (error) => failOnce(error, report))
    } catch (error) {
      failOnce(error, report)
    }
  }
}
