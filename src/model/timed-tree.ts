import type { ModuleRecord, PhaseTiming, TransactionRecord } from './record.ts'

/**
 * Formats a record as a tree for a log or a terminal: one line for the transaction, one for each module, indented below
 * the modules it depends on, and one for each failure. Times are in milliseconds. It shows no config value.
 *
 * @example
 * ```ts
 * for await (const record of reloader.transactions()) console.log(timedTree(record))
 * ```
 */
export const timedTree = (record: TransactionRecord): string => {
  const depths = depthsOf(record.modules)
  const widest = Math.max(0, ...record.modules.map(({ module }) => (depths.get(module) ?? 0) * 2 + module.length))
  const failures = 'failures' in record ? record.failures : []
  return [
    headLine(record),
    ...record.modules.map((module, index) => {
      const isLast = index === record.modules.length - 1 && failures.length === 0
      const name = `${'  '.repeat(depths.get(module.module) ?? 0)}${module.module}`.padEnd(widest)
      return `${isLast ? '└─' : '├─'} ${name}  ${module.change.padEnd(7)}  ${phaseList(module.phases)}`.trimEnd()
    }),
    ...failures.map(({ code, message, hint }, index) => {
      const branch = index === failures.length - 1 ? '└─' : '├─'
      return `${branch} ✗ ${code}: ${message}. ${hint}`
    }),
  ].join('\n')
}

const headLine = ({ outcome, id, revision, trigger, durationMs }: TransactionRecord): string => {
  const from = revision === undefined ? '' : `  revision ${revision.name}`
  return `${outcome}  ${id}${from}  (${trigger}, ${formatMs(durationMs)})`
}

const phaseList = (phases: readonly PhaseTiming[]): string =>
  phases
    .map(({ phase, durationMs, result }) => {
      const time = `${phase} ${formatMs(durationMs)}`
      return result === 'done' ? time : `${time} ${result}`
    })
    .join(', ')

export const formatMs = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`

/** Maps each module to the length of the longest chain of modules that it depends on. */
const depthsOf = (modules: readonly ModuleRecord[]): ReadonlyMap<string, number> => {
  const depths = new Map<string, number>()
  for (const { module, after } of modules) {
    const before = after.flatMap((name) => depths.get(name) ?? [])
    depths.set(module, before.length === 0 ? 0 : Math.max(...before) + 1)
  }
  return depths
}
