import { simulate, SimulationError } from 'changeover/testing'
import fc from 'fast-check'
import { carefulLevel, carelessLevel, subjectWith } from './modules.ts'

const documents = fc.record({
  log: fc.record({ level: fc.constantFrom('debug', 'info', 'warn') }),
  queue: fc.record({ workers: fc.integer({ min: 1, max: 8 }) }),
})

const runs = Number(process.argv[2] ?? 200)

console.log('1. With the careless level:\n')
try {
  await simulate({ ...subjectWith(carelessLevel), documents, runs, seed: 1 })
  console.log('Nothing found.')
} catch (error) {
  if (!(error instanceof SimulationError)) throw error
  const [message = ''] = error.message.split('\n\n{') // the JSON to keep is for machines
  console.log(message)
}

console.log('\n2. With the careful one:\n')
console.log((await simulate({ ...subjectWith(carefulLevel), documents, runs, seed: 1 })).text)
