import type { TransactionRecord } from '../../../model/record.ts'
import type { SimulatedProcess } from './process.ts'

/** True where a call of the module runs, no fault keeps it, and none of its timers can end it: it waits for the real world. */
export const waitsForReal = (module: string, phase: string, process: SimulatedProcess): boolean =>
  (process.waiting.get(`${module}.${phase}`) ?? 0) > 0 && process.timersOf(module) === 0

/** Who waits for the real world, as a failed transaction shows it; undefined where nobody does. */
export const stuckIn = (record: TransactionRecord, process: SimulatedProcess): string | undefined => {
  if (!('failures' in record)) return undefined
  for (const { code, module, phase } of record.failures) {
    if (code === 'schema.timeout' && process.timersOf() === 0) return 'the schema, in validate'
    if (module === undefined || !/^module\..*-timeout$/.test(code)) continue
    const call = phase === 'complete' ? 'apply' : (phase ?? 'prepare')
    if (waitsForReal(module, call, process)) return `module ${module}, in ${call}`
  }
  return undefined
}
