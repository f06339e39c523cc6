/** Runs as a process of its own: `close-child <what is closed> <host> <key>`. It must end by itself after the close. */
import { createReloader } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { z } from 'zod'

const [task = '', hosts = '', key = ''] = process.argv.slice(2)
const source = etcdSource({ hosts, key })

const tasks: Readonly<Record<string, () => void>> = {
  /** Closes the reloader when the input says so. */
  reloader: () => {
    const reloader = createReloader({ source, schema: z.looseObject({}) })
    reloader.start().then(
      () => console.log('started'),
      (error) => console.log(error.code),
    )
    console.log('begun')
    process.stdin.once('data', async () => {
      process.stdin.destroy()
      await reloader.close()
      console.log('closed')
    })
  },
  /** Closes the source while a read and a watch wait. */
  source: () => {
    const { signal } = new AbortController()
    const logCode = (error: { readonly code?: string }): void => console.log(error.code)
    const reading = source.read(signal).catch(logCode)
    const watch = source.watch({ lineage: '1/0', order: 1, name: '1' }, signal)[Symbol.asyncIterator]()
    const watching = watch.next().catch(logCode)
    setTimeout(async () => {
      await source.close?.()
      await Promise.all([reading, watching])
      console.log('closed')
    }, 300)
  },
}

tasks[task]?.()
