import assert from 'node:assert/strict'
import type { Logger } from '../../api/options.ts'
import type { Schema } from '../../model/schema.ts'
import { createReloader } from '../../reloader/reloader.ts'
import type { ContractKit } from './contract-kit.ts'

interface Config {
  readonly n: number
}

const schema: Schema<Config> = {
  '~standard': {
    version: 1,
    vendor: 'changeover',
    validate: (value) => {
      const { n } = value as Config
      return typeof n === 'number' ? { value: { n } } : { issues: [{ message: 'n is a number' }] }
    },
  },
}

/** Reads often, so that a source whose watch misses a change is told from one whose change is not applied. */
const RECONCILE_MS = 500

/** Follows the source with a real reloader. */
export const followWithReloader = (kit: ContractKit) => {
  const faults: string[] = []
  const note = (data: object): void => {
    const { code, message } = (data as { changeover: { code?: string; message?: string } }).changeover
    if (code === 'source.contract' || code === 'source.stale') faults.push(`${code}: ${message}`)
  }
  const logger: Logger = { debug: () => {}, info: () => {}, warn: note, error: note }
  const sourceBackoff = { minMs: 50, maxMs: 200 }
  // The kit closes the source.
  const source = { ...viewOf(kit), close: async () => undefined }
  const reloader = createReloader({ source, schema, logger, sourceBackoff, reconcileMs: RECONCILE_MS })
  kit.onEnd(() => reloader.close())
  let failedStart: unknown
  reloader.start().catch((error: unknown) => {
    failedStart = error
  })
  return {
    /** What the reloader has reported of the contract. */
    faults: (): readonly string[] => faults,
    serves: (n: number): Promise<void> =>
      kit.until(() => {
        assert.equal(failedStart, undefined, 'the reloader starts')
        const { serving, inSync } = reloader.status()
        return serving !== undefined && reloader.config.n === n && inSync
      }, `the reloader serves {"n":${n}}, in sync`),
  }
}

/** The source may be an instance of a class, whose methods a spread would lose. */
const viewOf = ({ source }: ContractKit) => ({
  name: source.name,
  endpoint: source.endpoint,
  read: (signal: AbortSignal) => source.read(signal),
  watch: (...args: Parameters<typeof source.watch>) => source.watch(...args),
})
