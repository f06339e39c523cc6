// The project of somebody who has installed the package: texts, since they are no part of this one.

const schema = `
const schema = {
  '~standard': {
    version: 1,
    vendor: 'by-hand',
    validate: (value) =>
      typeof value?.limit === 'number' ? { value } : { issues: [{ message: 'a number is needed', path: ['limit'] }] },
  },
}`

/** Runs real reloads from a file and from memory, and prints what it saw as JSON. Ends by itself, or something is left open. */
export const script = `
import { rename, writeFile } from 'node:fs/promises'
import { createReloader, defineApplier } from 'changeover'
import * as appliers from 'changeover/appliers'
import { etcdSource } from 'changeover/etcd'
import { fileSource } from 'changeover/file'
import * as machines from 'changeover/machines'
import { memorySource } from 'changeover/testing'
${schema}
const path = new URL('config.json', import.meta.url)
const write = async (text) => {
  await writeFile(new URL('config.json.new', import.meta.url), text)
  await rename(new URL('config.json.new', import.meta.url), path)
}
const closed = []
const limit = {
  prepare: (next) => ({ instance: { limit: next.limit }, close: async () => { closed.push(next.limit) } }),
}

await write('{ "limit": 1 }')
const reloader = createReloader({ source: fileSource({ path }), schema }).use('limit', (config) => config, limit)
await reloader.start()
const seen = [reloader.modules.limit.current.limit]
await write('{ "limit": 2 }')
await reloader.reload()
seen.push(reloader.modules.limit.current.limit)
await write('{ "limit": "many" }')
await reloader.reload()
seen.push(reloader.config.limit)
await reloader.close()

const applied = []
const other = createReloader({ source: memorySource({ limit: 7 }), schema }).use(
  'limit',
  (config) => config.limit,
  defineApplier({ apply: (next) => { applied.push(next) } }),
)
await other.start()
await other.close()

const exported = { ...appliers, ...machines, etcdSource }
console.log(JSON.stringify({ seen, closed, applied, exported: Object.keys(exported).length }))
`

/** Type-checks against the main entry, a file source and the testing tools; the errors it expects must be errors. */
export const typedScript = `
import { createReloader } from 'changeover'
import type { Applier } from 'changeover'
import { fileSource } from 'changeover/file'
import { memorySource } from 'changeover/testing'

interface Config { readonly limit: number }
interface Schema<T> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => { readonly value: T } | { readonly issues: readonly { readonly message: string }[] }
    readonly types?: { readonly input: T; readonly output: T } | undefined
  }
}
declare const schema: Schema<Config>
declare const limit: Applier<number, { readonly limit: number }>

const reloader = createReloader({ source: fileSource({ path: 'config.json' }), schema }).use('limit', (c) => c.limit, limit)
export const current: number | undefined = reloader.modules.limit.current?.limit
export const served: number = reloader.config.limit
export const inMemory = createReloader({ source: memorySource({ limit: 1 }), schema })

// @ts-expect-error the config is read-only
reloader.config.limit = 2
// @ts-expect-error a slice of the wrong type
inMemory.use('limit', (c) => String(c.limit), limit)
// @ts-expect-error a source is needed
createReloader({ schema })
`

/** Type-checks against every subpath. */
export const wholeScript = (subpaths: readonly string[]): string =>
  subpaths
    .map(
      (subpath, at) => `import * as entry${at} from '${subpath}'\nexport const kept${at} = Object.keys(entry${at})\n`,
    )
    .join('')

/** Whether what the entries throw is of the class that the main entry exports. */
export const identityScript = `
import { ChangeoverError } from 'changeover'
import { timer } from 'changeover/appliers'
import { etcdSource } from 'changeover/etcd'
import { fileSource } from 'changeover/file'
const isThrownBy = (wrong) => {
  try {
    wrong()
  } catch (error) {
    return error instanceof ChangeoverError
  }
}
console.log(JSON.stringify({
  file: isThrownBy(() => fileSource({ path: '' })),
  etcd: isThrownBy(() => etcdSource({ hosts: [], key: '/a' })),
  appliers: isThrownBy(() => timer(() => {}, { deadlineMs: 0 })),
}))
`

/** Prints the stack of an error that was made in the core. */
export const traceScript = `
import { createReloader } from 'changeover'
try {
  createReloader({})
} catch (error) {
  console.log(error.stack)
}
`
