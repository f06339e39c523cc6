import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { SimulationError, simulate } from 'changeover/testing'
import { documents, subject } from './subject.ts'
import { hashOfTraces } from './traces.ts'

const usage = 'usage: npm run simulate -- [--runs N] [--seed S] [--path P] [--keep FOLDER] | --write-hash'

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    path: { type: 'string' },
    keep: { type: 'string' },
    'write-hash': { type: 'boolean', default: false },
  },
})

const play = async (): Promise<void> => {
  const [runs, seed] = [Number(values.runs), Number(values.seed)]
  if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed)) throw new Error(usage)
  const { path, keep: keepIn } = values
  const more = { ...(path === undefined ? {} : { path }), ...(keepIn === undefined ? {} : { keepIn }) }
  try {
    const { text } = await simulate({ ...subject, documents, runs, seed, ...more })
    console.log(`${text}\nEvery invariant held.`)
  } catch (error) {
    if (!(error instanceof SimulationError)) throw error
    console.log(error.message)
    process.exitCode = 1
  }
}

if (values['write-hash']) {
  const hash = await hashOfTraces()
  await writeFile(new URL('./traces.sha256', import.meta.url), `${hash}\n`)
  console.log(hash)
} else await play()
