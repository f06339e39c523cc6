/** A small service with two parts, configured by one peer; run as a process of its own: `service.ts <peer> <target>`. */
import type { Config, PartName, Target, View, World } from './model.ts'
import { peers } from './service-peers.ts'

const [name = '', targetText = '{}', sampling = ''] = process.argv.slice(2)
const target = JSON.parse(targetText) as Target

const held: { [Name in PartName]?: string | undefined } = {}
const newest = { first: 0, second: 0 }
const mixes: string[] = []
const backwards: string[] = []
const errors: string[] = []
let trapped = 0

const note = (list: string[], text: string): void => {
  if (list.length < 5) list.push(text)
}

const tell = (part: PartName, value: unknown): Promise<void> => {
  const { left, right, trap } = (value ?? {}) as Partial<Config>
  if (left !== right) note(mixes, `the ${part} part was told left ${left}, right ${right}`)
  if (Number(left) < newest[part]) note(backwards, `the ${part} part was told ${left} after ${newest[part]}`)
  newest[part] = Math.max(newest[part], Number(left) || 0)
  if (part === 'first' && trap === 'throw') {
    trapped += 1
    throw new Error('the first part refuses this config')
  }
  if (part === 'first' && trap === 'hang') {
    trapped += 1
    return new Promise(() => undefined)
  }
  held[part] = left
  return Promise.resolve()
}

const world: World = {
  target,
  tell,
  tellAll: (config) => Promise.all([tell('first', config), tell('second', config)]),
  onError: (error) => {
    if (errors.length === 5) errors.shift()
    errors.push(error instanceof Error ? error.message : String(error))
  },
}

const makePeer = peers[name]
if (makePeer === undefined) throw new Error(`there is no peer ${name}`)
const { peer } = await makePeer()

const read = (): Partial<Config> | undefined => {
  try {
    const config = peer.read()
    return typeof config === 'object' && config !== null ? config : undefined
  } catch {
    return undefined // not started
  }
}

const look = (): View => {
  const config = read()
  const { user, system } = process.cpuUsage()
  return {
    config: config && { ...config },
    parts: peer.parts?.() ?? held,
    trapped,
    mixes,
    backwards,
    cpuMs: (user + system) / 1000,
    errors,
  }
}

if (sampling === 'sample') {
  setInterval(() => {
    const config = read()
    if (config?.left !== config?.right) note(mixes, `a reader saw left ${config?.left}, right ${config?.right}`)
  }, 1)
}
process.on('message', (id) => process.send?.({ id, view: look() }))
process.on('disconnect', () => process.exit())
// A service that does not come up logs it and lives on: whether the config still comes is the library's affair.
peer.start(world).catch(world.onError)
process.send?.({ ready: true })
