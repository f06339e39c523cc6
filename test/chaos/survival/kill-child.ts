/**
 * Run as a process of its own by the kill tests: `kill-child <scene> <kills>`, the kills being JSON. Plays a scene in a
 * whole service for each kill, side by side, and prints the name of every step that each comes to. A service that has come
 * to its step stays in it; when all are in theirs, the process ends itself by SIGKILL. At a tick nothing can stay, and
 * what the system is at goes on: there the process ends at once, so that such a kill wants a process alone.
 */
import { play } from './kill-play.ts'
import type { Kill } from './kill-scene.ts'

// Whatever goes wrong, it does not stay.
setTimeout(() => {
  process.stderr.write('a step was never come to\n')
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
