import { simulate, SimulationError } from 'changeover/testing'
import fc from 'fast-check'
import { carefulLevel, carelessLevel, subjectWith } from './modules.ts'

// Usage: node --import tsx examples/simulate/main.ts [histories] [folder for the page and the JSON of a broken history]
const runs = Number(process.argv[2] ?? 200)
const keepIn = process.argv[3]

const documents = fc.record({
  log: fc.record({ level: fc.constantFrom('debug', 'info', 'warn') }),
  queue: fc.record({ workers: fc.integer({ min: 1, max: 8 }) }),
})
const options = { documents, runs, seed: 2, ...(keepIn === undefined ? {} : { keepIn }) }

console.log('1. With the careless rollback:\n')
try {
  await simulate({ ...subjectWith(carelessLevel), ...options })
  console.log('Every invariant held.')
} catch (error) {
  if (!(error instanceof SimulationError)) throw error
  const [message = ''] = error.message.split('\n\n{') // without the JSON
  console.log(message)
}

console.log('\n2. With the careful rollback:\n')
console.log((await simulate({ ...subjectWith(carefulLevel), ...options })).text)
