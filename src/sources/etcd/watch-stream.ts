import type { IWatchCreateRequest, IWatchResponse } from 'etcd3'
import type { Clock, TimerHandle } from '../../api/clock.ts'
import { SourceError } from '../../api/source.ts'
import type { WatchStream } from './connection-pool.ts'
import { cancelledWatch, toSourceError } from './errors.ts'
import type { EtcdDeadlines } from './options.ts'

/** What a watch stream reports. What throws in here breaks the stream with that error. */
export interface StreamListener {
  /** etcd has acknowledged the watch: all events from its start revision on will come. */
  readonly onCreated: (answer: IWatchResponse) => void
  readonly onEvents: (answer: IWatchResponse) => void
}

interface StreamLimits {
  readonly clock: Clock
  readonly deadlines: Required<EtcdDeadlines>
  readonly signal: AbortSignal
}

/**
 * Runs one watch on a stream of its own, until it breaks: it never resolves. A silent stream is asked for a sign of
 * life, end to end, since gRPC's keepalive only proves the next hop. Some proxies do not answer that question; then
 * keepalive has to do.
 */
export const followStream = (
  stream: WatchStream,
  request: IWatchCreateRequest,
  { clock, deadlines, signal }: StreamLimits,
  listener: StreamListener,
): Promise<never> =>
  new Promise((_, reject) => {
    let timer: TimerHandle
    let answersProgress = false

    const breakOff = (error: SourceError): void => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      stream.off('data', onData).off('error', onError).off('end', onEnd)
      stream.on('error', () => undefined) // the cancel makes one
      stream.cancel()
      reject(error)
    }
    const onError = (error: unknown): void => breakOff(toSourceError(error))
    const onEnd = (): void => breakOff(new SourceError('source.closed'))
    const onAbort = (): void => breakOff(new SourceError('source.closed'))
    const onTimeout = (): void => breakOff(new SourceError('source.timeout'))

    const rearm = (ms: number, then: () => void): void => {
      clock.clearTimeout(timer)
      timer = clock.setTimeout(then, ms)
    }
    const askForLife = (): void => {
      stream.write({ progress_request: {} })
      if (answersProgress) rearm(deadlines.answerMs, onTimeout)
      else rearm(deadlines.silenceMs, askForLife)
    }
    const onAnswer = (answer: IWatchResponse): void => {
      if (answer.canceled) throw errorOf(answer)
      rearm(deadlines.silenceMs, askForLife)
      if (answer.created) {
        listener.onCreated(answer)
        stream.write({ progress_request: {} }) // to learn early whether it is answered
      } else if (answer.events.length > 0) listener.onEvents(answer)
      else answersProgress = true
    }
    const onData = (answer: IWatchResponse): void => {
      try {
        onAnswer(answer)
      } catch (error) {
        breakOff(toSourceError(error))
      }
    }

    stream.on('data', onData).on('error', onError).on('end', onEnd)
    signal.addEventListener('abort', onAbort)
    rearm(deadlines.openMs, onTimeout)
    if (signal.aborted) onAbort()
    else stream.write({ create_request: request })
  })

const errorOf = ({ compact_revision, cancel_reason }: IWatchResponse): SourceError =>
  compact_revision === '0' ? cancelledWatch(cancel_reason) : new SourceError('source.compacted')
