// A service that one library configures: `peer-child.ts <peer> <target>`. Tells the time of each version that it serves.
import { peers } from '../scoreboard/service-peers.ts'
import type { Config, Target } from '../scoreboard/model.ts'

/** What the service tells. */
export type PeerMessage =
  /** `at`: nanoseconds of the system's monotonic clock, as text. */
  | { readonly kind: 'serves'; readonly version: number; readonly at: string }
  | { readonly kind: 'memory'; readonly rss: number }

const [name = '', targetText = '{}'] = process.argv.slice(2)
const tell = (message: PeerMessage): void => void process.send?.(message)

const onServing = (config: unknown): void => {
  const at = process.hrtime.bigint()
  tell({ kind: 'serves', version: Number((config as Partial<Config>).left), at: String(at) })
}

const makePeer = peers[name]
if (makePeer === undefined) throw new Error(`there is no peer ${name}`)
const { peer } = await makePeer()
process.on('message', () => {
  for (let round = 0; round < 3; round++) globalThis.gc?.()
  tell({ kind: 'memory', rss: process.memoryUsage().rss })
})
process.on('disconnect', () => process.exit())
await peer.start({
  target: JSON.parse(targetText) as Target,
  tell: () => Promise.resolve(),
  tellAll: async (config) => onServing(config),
  onServing,
  onError: (error) => console.error(name, error),
})
