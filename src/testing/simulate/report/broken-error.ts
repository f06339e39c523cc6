import { join } from 'node:path'
import { traceText } from '../check/trace-text.ts'
import { scenarioText } from '../scenario/parse-scenario.ts'
import type { RunResult } from '../scenario/run-result.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { scenarioCode } from '../scenario/scenario-code.ts'
import { SimulationError } from '../scenario/simulation-error.ts'
import { traceHtml } from './trace-html.ts'

/** A history that breaks an invariant, or an expectation. */
interface BrokenHistory {
  readonly scenario: Scenario
  readonly result: RunResult
}

interface BrokenDetails {
  /** The history before it was shrunk, and whether somebody has written it. */
  readonly original: BrokenHistory & { readonly isWritten: boolean }
  /** The folder for its files. */
  readonly keepIn?: string | undefined
  /** The seed and the path with which fast-check finds it again. */
  readonly found?: { readonly seed: number; readonly path: string }
  /** What broke, if that is not an invariant. */
  readonly message?: string
}

/**
 * Makes the error for a broken history: what broke, the history as it was and as it was shrunk, as code to paste, the trace
 * of the smaller one in virtual time and, if no files are written, that one as JSON.
 */
export const brokenError = async (smallest: BrokenHistory, details: BrokenDetails): Promise<SimulationError> => {
  const { scenario, result } = smallest
  const { original, keepIn, found, message } = details
  const [first] = result.violations
  const what = message ?? `${first?.invariant}: ${first?.message}`
  // What somebody has written is kept as it is; a small history may replace the file of an earlier one.
  const files =
    keepIn === undefined ? undefined : await writeFiles(keepIn, what, original.isWritten ? original : smallest)
  const text = [
    scenario.name === undefined ? what : `${scenario.name}: ${what}`,
    ...(found === undefined ? [] : [`seed ${found.seed}, path ${JSON.stringify(found.path)}`]),
    ...(files === undefined ? [] : [`written to ${files.html} and ${files.json}`]),
    ...codes(scenario, original),
    traceText(result.trace),
    ...(files === undefined ? [JSON.stringify(scenario)] : []),
  ].join('\n\n')
  const more = { ...found, ...files, original: original.scenario, cause: first?.error }
  return new SimulationError('simulate.broken', text, { scenario, result, ...more })
}

const codes = (scenario: Scenario, original: BrokenDetails['original']): readonly string[] => {
  const [code, before] = [scenarioCode(scenario), scenarioCode(original.scenario)]
  const how = original.isWritten ? 'written' : 'found'
  if (code === before) return [`As it was ${how}; nothing in it can be left out:`, code]
  return [`As it was ${how}:`, before, 'As it was shrunk:', code]
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
