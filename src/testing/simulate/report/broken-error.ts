import { join } from 'node:path'
import { traceHtml } from './trace-html.ts'
import { scenarioText } from '../scenario/parse-scenario.ts'
import type { RunResult } from '../play/run.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { scenarioCode } from '../scenario/scenario-code.ts'
import { SimulationError } from '../scenario/simulation-error.ts'
import { traceText } from '../check/trace-text.ts'

/** A history that has broken something. */
export interface BrokenHistory {
  readonly scenario: Scenario
  readonly result: RunResult
  /** Where its files are to be written. */
  readonly keepIn?: string | undefined
  /** How fast-check finds it again. */
  readonly found?: { readonly seed: number; readonly path: string }
}

/**
 * The error that says what broke: in words, as code to paste, as a trace in virtual time, and as JSON, unless files have it.
 *
 * @param message what broke, where that is no invariant
 */
export const brokenError = async (history: BrokenHistory, message?: string): Promise<SimulationError> => {
  const { scenario, result, keepIn, found } = history
  const [first] = result.violations
  const what = message ?? `${first?.invariant}: ${first?.message}`
  const files = keepIn === undefined ? undefined : await write(keepIn, what, history)
  const text = [
    scenario.name === undefined ? what : `${scenario.name}: ${what}`,
    ...(found === undefined ? [] : [`seed ${found.seed}, path ${JSON.stringify(found.path)}`]),
    ...(files === undefined ? [] : [`drawn in ${files.html}, kept in ${files.json}`]),
    scenarioCode(scenario),
    traceText(result.trace),
    ...(files === undefined ? [JSON.stringify(scenario)] : []),
  ].join('\n\n')
  return new SimulationError('simulate.broken', text, { ...found, ...files, scenario, result, cause: first?.error })
}

/** Letters, digits and hyphens of a text, for the name of a file. */
const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60) || 'history'

const write = async (folder: string, what: string, { scenario, result }: BrokenHistory) => {
  const { mkdir, writeFile } = await import('node:fs/promises')
  const [first] = result.violations
  const name = slugOf(scenario.name ?? first?.invariant ?? what)
  const files = { json: join(folder, `${name}.json`), html: join(folder, `${name}.html`) }
  await mkdir(folder, { recursive: true })
  await writeFile(files.json, scenarioText({ ...scenario, name: scenario.name ?? what }))
  await writeFile(files.html, traceHtml(result, scenario.name ?? 'A history that breaks', scenario))
  return files
}
