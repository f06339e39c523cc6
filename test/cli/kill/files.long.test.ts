import { afterAll, beforeAll, it } from 'vitest'
import { buildCommand, makeFolder, removeFolder } from '../command.ts'
import { killAtEveryStep, scenes } from './file-scenes.ts'

/** Each step starts a process, which needs a second on a busy machine. */
const PATIENCE = 600_000

let folder: string
let command: string
beforeAll(async () => {
  folder = await makeFolder('export default {}')
  command = await buildCommand(folder)
}, 120_000)
afterAll(() => removeFolder(folder))

// `npm run test:publishers` does the same with the other scenes.
it.each(scenes.filter(({ name }) => name.includes('editor')))(
  'A publisher of a file that is killed at any step of $name leaves document and history in agreement',
  (scene) => killAtEveryStep(command, folder, scene),
  PATIENCE,
)
