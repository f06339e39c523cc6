import { afterAll, beforeAll, it } from 'vitest'
import { buildCommand, makeFolder, removeFolder } from '../command.ts'
import { killAtEveryStep, scenes } from '../kill/file-scenes.ts'

const PATIENCE = 600_000

let folder: string
let command: string
beforeAll(async () => {
  folder = await makeFolder('export default {}')
  command = await buildCommand(folder)
})
afterAll(() => removeFolder(folder))

it.each(scenes)(
  'A publisher of a file that is killed at any step of $name leaves document and history in agreement',
  (scene) => killAtEveryStep(command, folder, scene),
  PATIENCE,
)
