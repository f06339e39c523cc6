import { parseArgs } from 'node:util'
import { plantedFaults } from './faults.ts'
import { huntFor, runConcurrently } from './finding.ts'

const MAX_STEPS = 6

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    runs: { type: 'string', default: '2000' },
    only: { type: 'string' },
    concurrency: { type: 'string', default: '2' },
    'no-shrink': { type: 'boolean', default: false },
    scenarios: { type: 'boolean', default: false },
  },
})
const from = Number(values.from)
const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => from + index)
const faults = plantedFaults.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name))

let missed = 0
const tasks = faults.map((fault) => async () => {
  const findings = await huntFor(fault, { runs: Number(values.runs), seeds, shrinks: !values['no-shrink'] })
  const bad = findings.filter(({ isFound, steps = 0 }) => !isFound || steps > MAX_STEPS)
  missed += bad.length
  const histories = findings.map((one) => one.histories ?? Number.POSITIVE_INFINITY)
  const steps = findings.map((one) => one.steps ?? 0)
  const of = values['no-shrink'] ? `: ${histories.toSorted((one, other) => one - other).join(' ')}` : ''
  const names = [...new Set(findings.map(({ why }) => why.split(':')[0]))].join(', ')
  console.log(
    `${bad.length === 0 ? 'found ' : 'MISSED'} ${fault.name}: ${findings.length - bad.length} of ${findings.length} seeds, at most ${Math.max(...histories)} histories and ${Math.max(...steps)} steps (${names})${of}`,
  )
  for (const { seed, why, steps: count } of bad) console.log(`  seed ${seed}: ${count ?? 'no'} steps, ${why}`)
  if (values.scenarios) console.log(`  ${JSON.stringify(findings[0]?.scenario)}`)
})
await runConcurrently(tasks, Number(values.concurrency))
console.log(`${faults.length} planted faults, ${seeds.length} seeds each: ${missed} misses`)
if (missed > 0) process.exitCode = 1
