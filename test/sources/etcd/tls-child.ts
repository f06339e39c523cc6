import type { ChannelOptions } from '@grpc/grpc-js'
import { readFileSync } from 'node:fs'
import { SourceError } from '../../../src/api/source.ts'
import { etcdSource } from '../../../src/sources/etcd/index.ts'

/** One attempt to connect. */
export interface Attempt {
  readonly hosts: string
  /** The file of the authority that is trusted. */
  readonly authority: string
  readonly grpcOptions?: ChannelOptions
}

// Connects to etcd over TLS, in a process of its own, since Node gives a warning only once in a process. Its argument: the
// attempts as JSON. Prints what came of each, and the warnings.
const warnings: string[] = []
process.on('warning', ({ name, message, ...rest }) => warnings.push(`${'code' in rest ? rest.code : name}: ${message}`))

/** Reads a key and opens a watch. */
const connect = async ({ hosts, authority, grpcOptions = {} }: Attempt): Promise<string> => {
  const credentials = { rootCertificate: readFileSync(authority) }
  const source = etcdSource({ hosts, key: 'k', credentials, grpcOptions })
  const { signal } = new AbortController()
  try {
    const { revision } = await source.read(signal)
    for await (const { kind } of source.watch(revision, signal)) return kind
    return 'no event'
  } catch (error) {
    return error instanceof SourceError ? error.code : String(error)
  } finally {
    await source.close?.()
  }
}

const results: string[] = []
for (const attempt of JSON.parse(process.argv[2] ?? '[]') as readonly Attempt[]) results.push(await connect(attempt))
// A warning is emitted in a later turn.
setImmediate(() => console.log(JSON.stringify({ node: process.versions.node, results, warnings })))
