import { parseArgs } from 'node:util'
import { SimulationError, simulate } from 'changeover/testing'
import { documents, subject } from './subject.ts'

const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, path: { type: 'string' } },
})
const runs = Number(values.runs ?? 1_000)
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) {
  throw new Error('usage: npm run simulate -- --runs N --seed S [--path P]')
}

try {
  const { text } = await simulate({
    ...subject,
    documents,
    runs,
    seed,
    ...(values.path === undefined ? {} : { path: values.path }),
  })
  console.log(`${text}\nevery invariant held`)
} catch (error) {
  if (!(error instanceof SimulationError)) throw error
  console.log(error.message)
  process.exitCode = 1
}
