/**
 * Plays a scene in one process, once for each kill: `kill-child <scene> <kills as JSON>`. A service waits in the step of
 * its kill until all wait; SIGKILL then ends the process. Steps that cannot wait end it at once, and need their own.
 */
import { play } from './kill-play.ts'
import type { Kill } from './kill-scene.ts'

// Ends the process even if something goes wrong.
setTimeout(() => {
  process.stderr.write('a step was never reached\n')
  process.exit(3)
}, 120_000).unref()

const [sceneName = '', killsText = '[]'] = process.argv.slice(2)
const kills: readonly Kill[] = JSON.parse(killsText)
const die = (): void => void process.kill(process.pid, 'SIGKILL')

let left = kills.length
const noteHalted = (): void => {
  left -= 1
  if (left === 0) die()
}

await Promise.all(kills.map((kill, index) => play(sceneName, kill, { index, die, noteHalted })))
