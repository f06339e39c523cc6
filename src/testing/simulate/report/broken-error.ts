import { join } from 'node:path'
import { traceText } from '../check/trace-text.ts'
import { scenarioText } from '../scenario/parse-scenario.ts'
import type { RunResult } from '../scenario/run-result.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { scenarioCode } from '../scenario/scenario-code.ts'
import { SimulationError } from '../scenario/simulation-error.ts'
import { traceHtml } from './trace-html.ts'

/** A history that breaks an invariant. */
interface BrokenHistory {
  readonly scenario: Scenario
  readonly result: RunResult
  /** The folder for its files. */
  readonly keepIn?: string | undefined
  /** The seed and the path with which fast-check finds it again. */
  readonly found?: { readonly seed: number; readonly path: string }
}

/**
 * Makes the error for a broken history: what broke, the history as code to paste, its trace in virtual time and, if no files
 * are written, the history as JSON.
 * @param message what broke, if that is not an invariant
 */
export const brokenError = async (history: BrokenHistory, message?: string): Promise<SimulationError> => {
  const { scenario, result, keepIn, found } = history
  const [first] = result.violations
  const what = message ?? `${first?.invariant}: ${first?.message}`
  const files = keepIn === undefined ? undefined : await writeFiles(keepIn, what, history)
  const text = [
    scenario.name === undefined ? what : `${scenario.name}: ${what}`,
    ...(found === undefined ? [] : [`seed ${found.seed}, path ${JSON.stringify(found.path)}`]),
    ...(files === undefined ? [] : [`written to ${files.html} and ${files.json}`]),
    scenarioCode(scenario),
    traceText(result.trace),
    ...(files === undefined ? [JSON.stringify(scenario)] : []),
  ].join('\n\n')
  return new SimulationError('simulate.broken', text, { ...found, ...files, scenario, result, cause: first?.error })
}

const writeFiles = async (folder: string, what: string, { scenario, result }: BrokenHistory) => {
  const { mkdir, writeFile } = await import('node:fs/promises')
  const [first] = result.violations
  const name = slugOf(scenario.name ?? first?.invariant ?? what)
  const files = { json: join(folder, `${name}.json`), html: join(folder, `${name}.html`) }
  await mkdir(folder, { recursive: true })
  await writeFile(files.json, scenarioText({ ...scenario, name: scenario.name ?? what }))
  await writeFile(files.html, traceHtml(result, scenario.name ?? 'A history that breaks an invariant', scenario))
  return files
}

/** Keeps the letters and digits of a text, for a file name. */
const slugOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60) || 'history'
