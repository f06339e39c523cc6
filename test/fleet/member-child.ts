import { createReloader } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { fleet } from 'changeover/fleet'
import { z } from 'zod'

/** A member of a fleet in a process of its own. */
const [hosts = '', key = '', service = ''] = process.argv.slice(2)
const source = etcdSource({ hosts, key, fleet: fleet({ service, ttlMs: 2_000 }) })
const reloader = createReloader({ source, schema: z.looseObject({ n: z.number() }) })
await reloader.start()
process.send?.('started')
process.once('message', () => void reloader.close().then(() => process.disconnect()))
