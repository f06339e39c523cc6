// The service that is bundled, and run on each Node: texts, since it is no part of this project.

const body = `
const schema = {
  '~standard': {
    version: 1,
    vendor: 'by-hand',
    validate: (value) => (typeof value?.n === 'number' ? { value } : { issues: [{ message: 'a number is needed' }] }),
  },
}
const source = etcdSource({ hosts: process.env.ETCD_ENDPOINT, key: process.env.ETCD_KEY })
const print = { prepare: (n) => ({ instance: n, commit: () => { console.log('applied ' + n) } }) }
const reloader = createReloader({ source, schema }).use('number', (config) => config.n, print)

const main = async () => {
  await reloader.start({ deadlineMs: 60_000 })
  for await (const { outcome } of reloader.transactions()) if (outcome === 'committed') break
  await reloader.close()
}
main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
`

/** Applies the document of its key and one change of it, prints both, and ends. */
export const esmService = `import { createReloader } from 'changeover'\nimport { etcdSource } from 'changeover/etcd'\n${body}`

/** The same as CommonJS. */
export const cjsService = `const { createReloader } = require('changeover')\nconst { etcdSource } = require('changeover/etcd')\n${body}`
