import { parseArgs } from 'node:util'
import { simulateMany } from './run.ts'

const { values } = parseArgs({ options: { runs: { type: 'string' }, seed: { type: 'string' } } })
const runs = Number(values.runs ?? 200)
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
  throw new Error('usage: npm run simulate -- --runs N --seed S')
}

console.log(`${runs} histories from seed ${seed}`)
const { failed, outcomes, met } = await simulateMany(seed, runs)
console.log('transactions:', outcomes)
console.log('begun by, and failed with:', met)
if (failed === undefined) console.log('every invariant held')
else {
  console.log(`seed ${failed.seed} broke:\n${failed.broken.map((what) => `  ${what}`).join('\n')}`)
  console.log(`again: npm run simulate -- --runs 1 --seed ${failed.seed}`)
  process.exitCode = 1
}
