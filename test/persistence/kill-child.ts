/**
 * The kill tests run this as a process of its own: `kill-child <path> <scene> <step> <when>`. It loads what is stored,
 * saves the goods and the journal of a scene, and kills itself by SIGKILL at one step of the saves: before it or during
 * it. It prints a line for each step that is done, so that the test knows how far it came.
 */
import { writeSync } from 'node:fs'
import { systemClock } from '../../src/api/clock.ts'
import { fileStore } from '../../src/persistence/file-store.ts'
import { systemFiles } from '../../src/persistence/file-system.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import { journalAfter, scenes } from './kill-scenes.ts'
import { type Around, stepped } from './steps.ts'

const [path = '', sceneName = '', stepText = '-1', when = 'before'] = process.argv.slice(2)
const at = Number(stepText)
const die = (): void => void process.kill(process.pid, 'SIGKILL')

let step = 0
let isSaving = false
const around: Around = async (name, run) => {
  if (!isSaving) return run()
  const mine = step++
  if (mine === at && when === 'before') die()
  const running = run()
  if (mine === at) die()
  const result = await running
  writeSync(1, `${name}\n`)
  return result
}

const report = (failed: { readonly message: string }): void => void writeSync(2, `${failed.message}\n`)
const persistence = new Persistence(fileStore(path, stepped(systemFiles, around)), {
  clock: systemClock,
  deadlineMs: 60_000,
  report,
})
await persistence.load()
isSaving = true
if (when === 'any time') setTimeout(die, at)
const { goods } = scenes[sceneName] ?? { goods: [] }
const areKept = [await persistence.saveGoods(goods), await persistence.saveJournal(journalAfter)]
persistence.close()
if (areKept.includes(false)) process.exitCode = 1
