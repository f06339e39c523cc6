import { readFileSync } from 'node:fs'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { SourceError } from '../../../src/api/source.ts'

// Reads a key of an etcd over TLS and opens a watch, in a process of its own, since Node warns once in a process. Prints
// what happened as JSON. Its arguments: the address, the file of the authority, and gRPC options as JSON.
const [hosts = '', authority = '', grpcOptions = '{}'] = process.argv.slice(2)
const warnings: string[] = []
process.on('warning', ({ name, message, ...warning }) => {
  const { code = name } = warning as { code?: string }
  warnings.push(`${code}: ${message}`)
})

const run = async (): Promise<unknown> => {
  const credentials = { rootCertificate: readFileSync(authority) }
  const source = etcdSource({ hosts, key: 'k', credentials, grpcOptions: JSON.parse(grpcOptions) })
  try {
    const found = await source.read(new AbortController().signal)
    for await (const event of source.watch(found.revision, new AbortController().signal)) {
      return { found: found.kind, watched: event.kind }
    }
    return { found: found.kind }
  } catch (error) {
    return { code: error instanceof SourceError ? error.code : String(error) }
  } finally {
    await source.close?.()
  }
}

const result = await run()
setImmediate(() => console.log(JSON.stringify({ node: process.versions.node, result, warnings })))
