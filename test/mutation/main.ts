// Changes the code in small ways, in a copy, and tells which changes no test notices: npm run test:mutation
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { chooseMutants } from './choose.ts'
import { type Folder, readArchitecture, readFolders } from './folders.ts'
import {
  findKnown,
  findMutant,
  readEquivalent,
  readFixed,
  readResults,
  type Result,
  withResult,
  writeResults,
} from './known.ts'
import { withMarkers } from './markers.ts'
import type { Mutant } from './mutants.ts'
import { writeReport } from './report.ts'
import { type Baseline, TestRunner } from './test-runner.ts'
import { copyProject, type WorkCopy } from './work-copy.ts'

const usage = 'usage: npm run test:mutation -- [--seed N] [--count N] [--folder NAME]… [--survivors] [--list]'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '10' },
    folder: { type: 'string', multiple: true },
    survivors: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

const print = (line: string): void => void process.stdout.write(`${line}\n`)

const [seed, count] = [Number(values.seed), Number(values.count)]
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(count) || count < 1) throw new Error(usage)

const project = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const folders = readFolders(readArchitecture(project))
const wanted = folders.filter(({ name }) => values.folder?.includes(name) ?? true)

const LEAST_LIMIT_MS = 120_000
// What a mutant may cost in tests of other folders. Its own folder's tests all run.
const BUDGET_MS = 45_000

/** The test files that reach a mutant: those of its folder first, then the quickest of the others. */
const testsFor = (
  mutant: number,
  { tests: [own = ''] }: Folder,
  mapped: readonly string[],
  baseline: Baseline,
): readonly string[] => {
  const { durations, reachedBy, failing } = baseline
  const durationOf = (test: string): number => durations.get(test) ?? 0
  const isOwn = (test: string): boolean => test.startsWith(`${own}/`)
  // What only child processes run has no marker: all tests may reach it.
  const reaching = reachedBy.get(mutant) ?? new Set(mapped)
  let leftMs = BUDGET_MS
  return mapped
    .filter((test) => reaching.has(test) && !failing.has(test))
    .sort((one, other) => Number(isOwn(other)) - Number(isOwn(one)) || durationOf(one) - durationOf(other))
    .filter((test) => {
      if (!isOwn(test)) leftMs -= durationOf(test)
      return isOwn(test) || leftMs >= 0
    })
}

const judge = async (
  mutant: Mutant,
  tests: readonly string[],
  { durations }: Baseline,
  runner: TestRunner,
  root: string,
): Promise<Pick<Result, 'verdict' | 'by'>> => {
  const path = join(root, mutant.file)
  const original = readFileSync(path, 'utf8')
  const usualMs = tests.reduce((sum, test) => sum + (durations.get(test) ?? 0), 0)
  const answer = await runner.run([{ path, text: mutant.text }], tests, LEAST_LIMIT_MS + 2 * usualMs)
  await runner.run([{ path, text: original }], [], LEAST_LIMIT_MS)
  const [failed] = answer?.failed ?? []
  if (answer === undefined) return { verdict: 'killed', by: 'it does not end' }
  return failed === undefined ? { verdict: 'survived' } : { verdict: 'killed', by: `${failed.file}: ${failed.title}` }
}

/** Runs the tests of all folders once, with markers in the files, so that each mutant meets only tests that reach it. */
const learn = (
  mutants: readonly Mutant[],
  tests: readonly string[],
  runner: TestRunner,
  root: string,
): Promise<Baseline> => {
  const files = [...new Set(mutants.map(({ file }) => file))]
  const textOf = (path: string): string => readFileSync(path, 'utf8')
  const originals = files.map((file) => ({ path: join(root, file), text: textOf(join(root, file)) }))
  const marked = files.map((file) => ({
    path: join(root, file),
    text: withMarkers(textOf(join(root, file)), file, mutants),
  }))
  return runner.learn(marked, originals, tests)
}

/** The mutants to judge: those that the seed chooses, or those that survived the last run, wherever they stand now. */
const choose = (root: string): ReadonlyMap<Folder, readonly Mutant[]> => {
  if (!values.survivors) return chooseMutants(root, { wanted, folders }, count, seed)
  const before = readResults()
  return new Map(
    [...chooseMutants(root, { wanted, folders }, Number.POSITIVE_INFINITY, seed)].map(([folder, mutants]) => [
      folder,
      (before[folder.name] ?? [])
        .filter(({ verdict }) => verdict === 'survived')
        .flatMap((result) => findMutant(mutants, result) ?? []),
    ]),
  )
}

const run = async (copy: WorkCopy, runner: TestRunner): Promise<void> => {
  const chosen = choose(copy.root)
  const all = [...chosen.values()].flat()
  const testsOf = ({ tests }: Folder): readonly string[] => [...new Set(tests.flatMap((path) => copy.testsIn(path)))]
  const baseline = await learn(all, [...new Set(wanted.flatMap(testsOf))], runner, copy.root)
  for (const test of baseline.failing) print(`fails without a mutant, left out: ${test}`)
  const equivalent = readEquivalent()
  // Long tests do not run here.
  const killedByLong = readFixed().filter(({ why }) => why.endsWith('.long.test.ts'))
  for (const [folder, mutants] of chosen) {
    print(`\n${folder.name}`)
    let results: readonly Result[] = values.survivors ? (readResults()[folder.name] ?? []) : []
    for (const mutant of mutants) {
      const known = findKnown(equivalent, mutant)
      const long = findKnown(killedByLong, mutant)
      const tests = testsFor(all.indexOf(mutant), folder, testsOf(folder), baseline)
      const { file, line, kind, before, after } = mutant
      const verdict: Pick<Result, 'verdict' | 'by'> =
        known !== undefined
          ? { verdict: 'equivalent', by: known.why }
          : long !== undefined
            ? { verdict: 'killed', by: long.why }
            : await judge(mutant, tests, baseline, runner, copy.root)
      results = withResult(results, { file, line, kind, before, after, ...verdict })
      // After each: a run of all folders takes hours, and may be ended.
      writeResults({ ...readResults(), [folder.name]: results })
      writeReport()
      print(`  ${verdict.verdict.padEnd(10)} ${file}:${line} ${kind} (${tests.length} test files)`)
      print(verdict.by === undefined ? `      ${before}\n   => ${after}` : `      ${verdict.by}`)
    }
  }
}

const list = (root: string): void => {
  for (const [folder, mutants] of choose(root)) {
    print(`\n${folder.name}`)
    for (const { file, line, kind, before, after } of mutants)
      print(`  ${file}:${line} ${kind}\n      ${before}\n   => ${after}`)
  }
}

if (values.list) list(project)
else {
  const copy = copyProject(project)
  const runner = new TestRunner(copy.root)
  try {
    await run(copy, runner)
  } finally {
    runner.close()
    copy.remove()
  }
}
