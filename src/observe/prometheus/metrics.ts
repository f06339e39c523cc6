import { observationOf } from '../../api/internal/observation.ts'
import { ReloaderFacts } from '../facts.ts'
import { checkOptions, type MetricsOptions } from './options.ts'
import { RegisteredMetrics } from './registered-metrics.ts'

/** Removes the metrics of a reloader. The close of the reloader removes them too. */
export type RemoveMetrics = () => void

/**
 * Registers the metrics of a reloader in a registry of prom-client. They are read when the registry is scraped. Returns
 * the function that removes them.
 *
 * @throws ChangeoverError `metrics.foreign-registry`, `metrics.registered-twice`, `reloader.invalid-option`
 *
 * @example
 * ```ts
 * import { register } from 'prom-client'
 *
 * metrics(reloader, { register })
 * await reloader.start()
 * ```
 */
export const metrics = (reloader: object, options: MetricsOptions): RemoveMetrics => {
  const { register, labels } = checkOptions(options)
  const observation = observationOf(reloader)
  const registered = RegisteredMetrics.of(register, Object.keys(labels))
  registered.check({ reloader, labels })
  let leave = (): void => {}
  const facts = new ReloaderFacts(observation, () => leave())
  leave = registered.add({ reloader, facts, labels })
  return () => {
    facts.stop()
    leave()
  }
}
