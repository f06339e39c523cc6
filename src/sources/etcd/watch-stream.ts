import type { IWatchCreateRequest, IWatchResponse } from 'etcd3'
import type { TimerHandle } from '../../api/clock.ts'
import { SourceError } from '../../api/source.ts'
import type { WatchStream } from './connection/host-connection.ts'
import { cancelledWatchError, toSourceError } from './connection/errors.ts'
import type { EtcdSettings } from './connection/settings.ts'

/** Gets what a watch stream reports. An error that it throws breaks the stream. */
export interface StreamListener {
  /** etcd has acknowledged the watch: it will report all events from the start revision on. */
  readonly onCreated: (response: IWatchResponse) => void
  readonly onEvents: (response: IWatchResponse) => void
}

/**
 * Runs one watch on a stream of its own until the stream breaks; it never resolves. If the stream is silent, it asks
 * etcd for its progress, since gRPC's keepalive proves only the next hop. Some proxies do not answer that request; then
 * the keepalive has to suffice.
 */
export const followStream = (
  stream: WatchStream,
  request: IWatchCreateRequest,
  { clock, deadlines }: EtcdSettings,
  signal: AbortSignal,
  listener: StreamListener,
): Promise<never> =>
  new Promise((_, reject) => {
    let timer: TimerHandle
    let answersProgress = false
    /** True while etcd has been asked for something, and must answer in time. */
    let isAsked = true
    let heardAt = 0

    const abort = (error: SourceError): void => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', onClosed)
      stream.off('data', onData).off('error', onError).off('end', onClosed)
      stream.on('error', () => undefined) // the cancel emits one
      stream.cancel()
      reject(error)
    }
    const onError = (error: unknown): void => abort(toSourceError(error))
    const onClosed = (): void => abort(new SourceError('source.closed'))
    const onTimeout = (): void => abort(new SourceError('source.timeout'))

    const rearm = (ms: number, callback: () => void): void => {
      clock.clearTimeout(timer)
      timer = clock.setTimeout(callback, ms)
    }
    const requestProgress = (): void => {
      stream.write({ progress_request: {} })
      isAsked = answersProgress
      if (isAsked) rearm(deadlines.answerMs, onTimeout)
      else rearm(deadlines.silenceMs, endSilence)
    }
    // Looks for itself when etcd was heard last: setting the timer again for each response costs more (bench: latency).
    const endSilence = (): void => {
      const leftMs = heardAt + deadlines.silenceMs - clock.monotonic()
      if (leftMs > 0) rearm(leftMs, endSilence)
      else requestProgress()
    }
    const onResponse = (response: IWatchResponse): void => {
      if (response.canceled) throw cancellationOf(response)
      heardAt = clock.monotonic()
      if (isAsked) rearm(deadlines.silenceMs, endSilence)
      isAsked = false
      if (response.created) {
        listener.onCreated(response)
        stream.write({ progress_request: {} }) // to learn early whether progress requests are answered
      } else if (response.events.length > 0) listener.onEvents(response)
      else answersProgress = true
    }
    const onData = (response: IWatchResponse): void => {
      try {
        onResponse(response)
      } catch (error) {
        abort(toSourceError(error))
      }
    }

    stream.on('data', onData).on('error', onError).on('end', onClosed)
    signal.addEventListener('abort', onClosed)
    rearm(deadlines.openMs, onTimeout)
    if (signal.aborted) onClosed()
    else stream.write({ create_request: request })
  })

const cancellationOf = ({ compact_revision, cancel_reason }: IWatchResponse): SourceError =>
  compact_revision === '0' ? cancelledWatchError(cancel_reason) : new SourceError('source.compacted')
