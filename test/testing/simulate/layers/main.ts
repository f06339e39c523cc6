// Plays histories of three layers with faults in each: npm run simulate:layers -- --transactions 200000 --seed 1
import { parseArgs } from 'node:util'
import { playLayers } from './play-layers.ts'

const { values } = parseArgs({
  options: { transactions: { type: 'string', default: '200000' }, seed: { type: 'string', default: '1' } },
})

const wanted = Number(values.transactions)
const first = Number(values.seed)
let seed = first
let transactions = 0
let broken = 0
while (transactions < wanted && broken < 5) {
  const run = await playLayers(seed)
  transactions += run.transactions
  if (run.violations.length > 0) {
    broken += 1
    console.log(`seed ${seed}:\n  ${run.violations.join('\n  ')}`)
  }
  seed += 1
  if ((seed - first) % 500 === 0) console.log(`${seed - first} histories, ${transactions} transactions`)
}
console.log(`${seed - first} histories, ${transactions} transactions, ${broken} histories with violations`)
if (broken > 0) process.exitCode = 1
