// Reads vitest's JSON report for .ci/run: prints how many tests passed and how many did not, as two numbers, and says on
// stderr what did not. A skipped test counts as failed: one that cannot run must say so. So does a file that could not be
// run, a run that failed without a failing test, and one in which no test ran.
import { readFileSync } from 'node:fs'

const [, , path, exitCode] = process.argv

const read = () => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).testResults
  } catch {
    return undefined
  }
}

const count = () => {
  const files = read()
  if (files === undefined) return { passed: 0, problems: ['vitest left no report'] }
  const tests = files.flatMap(({ assertionResults }) => assertionResults)
  const passed = tests.filter(({ status }) => status === 'passed').length
  const problems = [
    ...files
      .filter(
        ({ status, assertionResults }) =>
          status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
      )
      .map(({ name }) => `failed outside its tests: ${name}`),
    ...tests.filter(({ status }) => status !== 'passed').map(({ status, fullName }) => `${status}: ${fullName}`),
  ]
  if (problems.length === 0 && exitCode !== '0') return { passed, problems: ['the run failed outside its tests'] }
  if (problems.length === 0 && passed === 0) return { passed, problems: ['no test ran'] }
  return { passed, problems }
}

const { passed, problems } = count()
for (const problem of problems) console.error(`        ${problem}`)
console.log(`${passed} ${problems.length}`)
