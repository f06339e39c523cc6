import type { ClientUnaryCall } from '@grpc/grpc-js'
import { SourceError } from '../../../api/source.ts'
import type { UnaryCallback } from './host-connection.ts'
import { toSourceError } from './errors.ts'
import type { EtcdSettings } from './settings.ts'

/**
 * Makes one call. It settles at the response, at the deadline or when the signal aborts, whichever comes first, and
 * cancels a call that is still under way. The deadline is not gRPC's own, so that it runs on the injected clock.
 */
export const unaryCall = <Response>(
  { clock, deadlines }: EtcdSettings,
  signal: AbortSignal,
  start: (callback: UnaryCallback<Response>) => ClientUnaryCall,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new SourceError('source.closed'))
    let running: ClientUnaryCall | undefined
    const settle = (): void => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const abort = (error: SourceError): void => {
      settle()
      reject(error)
      running?.cancel()
    }
    const onAbort = (): void => abort(new SourceError('source.closed'))
    const timer = clock.setTimeout(() => abort(new SourceError('source.timeout')), deadlines.callMs)
    signal.addEventListener('abort', onAbort)
    try {
      running = start((error, response) => {
        settle()
        if (response === undefined) reject(toSourceError(error))
        else resolve(response)
      })
    } catch (error) {
      abort(toSourceError(error)) // the channel was closed a moment ago
    }
  })
