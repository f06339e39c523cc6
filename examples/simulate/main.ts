import { simulate, SimulationError } from 'changeover/testing'
import fc from 'fast-check'
import { carefulLevel, carelessLevel, subjectWith } from './modules.ts'

// node --import tsx examples/simulate/main.ts [histories] [folder for the page and the JSON of what breaks]
const runs = Number(process.argv[2] ?? 200)
const keepIn = process.argv[3]

const documents = fc.record({
  log: fc.record({ level: fc.constantFrom('debug', 'info', 'warn') }),
  queue: fc.record({ workers: fc.integer({ min: 1, max: 8 }) }),
})
const settings = { documents, runs, seed: 2, ...(keepIn === undefined ? {} : { keepIn }) }

console.log('1. With the careless level:\n')
try {
  await simulate({ ...subjectWith(carelessLevel), ...settings })
  console.log('Nothing found.')
} catch (error) {
  if (!(error instanceof SimulationError)) throw error
  const [message = ''] = error.message.split('\n\n{') // the JSON to keep is for machines
  console.log(message)
}

console.log('\n2. With the careful one:\n')
console.log((await simulate({ ...subjectWith(carefulLevel), ...settings })).text)
