import { systemClock } from '../../api/clock.ts'
import { type ComposeLayers, targetOf } from '../../api/internal/source-target.ts'
import type { ReadResult, Source } from '../../api/source.ts'
import { SourceReader } from '../../intake/source-reader.ts'
import { changeoverError } from '../../model/failure.ts'
import type { Schema } from '../../model/schema.ts'

/** How the other layers are read. */
export interface LayerReads {
  readonly schema: Schema
  /** True if nothing may be read that may need a network. */
  readonly isOffline: boolean
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

interface Node {
  readonly name: string
  readonly source: Source
  readonly isOptional: boolean
  /** For a layer that is made of layers. */
  readonly inner?: { readonly nodes: readonly Node[]; readonly compose: ComposeLayers }
  result?: ReadResult | undefined
}

const candidate = { lineage: '', order: 0, name: 'candidate' }

/** The layers beside the one that a command works on. They are read once, as they are. */
export class OtherLayers {
  readonly #top: Node
  readonly #chosen: string
  readonly #reads: LayerReads
  #unread: Promise<readonly string[]> | undefined

  constructor(source: Source, chosen: string, reads: LayerReads) {
    this.#top = nodeOf('', source, false)
    this.#chosen = chosen
    this.#reads = reads
  }

  /**
   * Reads them, and says which were not read, and why.
   *
   * @throws ChangeoverError `source.*` if a layer fails without which the service has no config
   */
  read(): Promise<readonly string[]> {
    this.#unread ??= Promise.all(leavesOf(this.#top).map((leaf) => this.#readLeaf(leaf))).then((found) => found.flat())
    return this.#unread
  }

  /** Makes the document of all layers, with `content` as that of the chosen one; undefined: it has none. */
  async compose(content: string | undefined): Promise<ReadResult> {
    await this.read()
    const revision = candidate
    const resultOf = (node: Node, isRoot = false): ReadResult | undefined => {
      if (node.name === this.#chosen) {
        return content === undefined ? { kind: 'missing', revision } : { kind: 'document', revision, content }
      }
      if (node.inner === undefined) return node.result
      const results = node.inner.nodes.map((inner) => resultOf(inner))
      const isUnread = results.every((result) => result === undefined)
      return isUnread && !isRoot ? undefined : node.inner.compose(results)
    }
    return { ...(resultOf(this.#top, true) as ReadResult), revision }
  }

  async close(): Promise<void> {
    await this.#top.source.close?.()
  }

  async #readLeaf(leaf: Node): Promise<readonly string[]> {
    const { isOffline, schema, timeoutMs, signal } = this.#reads
    const { name, source, isOptional } = leaf
    if (name === this.#chosen) return []
    const kind = targetOf(source)?.kind
    if (isOffline && kind !== 'file' && kind !== 'fixed') return [unread(leaf, 'check uses no network')]
    source.attach?.({ ...unattached, schema, readMs: timeoutMs })
    const reader = new SourceReader(source, systemClock, timeoutMs)
    const outcome = await reader.read(signal)
    if (outcome.kind === 'failed') {
      const { code } = outcome.failure
      if (!isOptional && !isOffline) throw changeoverError(code, { detail: `layer "${name}": ${source.endpoint}` })
      return [unread(leaf, code)]
    }
    const result = reader.documentOf(outcome.candidate)
    // The service may have it: this machine need not.
    if (result.kind === 'missing' && !isOptional) return [unread(leaf, 'it has no document here')]
    leaf.result = result
    return []
  }
}

const nodeOf = (name: string, source: Source, isOptional: boolean): Node => {
  const target = targetOf(source)
  if (target?.kind !== 'layers') return { name, source, isOptional }
  const { layers, compose } = target
  const prefix = name === '' ? '' : `${name}/`
  const nodes = layers.map((layer) => nodeOf(`${prefix}${layer.name}`, layer.source, layer.optional))
  return { name, source, isOptional, inner: { nodes, compose } }
}

const leavesOf = (node: Node): readonly Node[] => node.inner?.nodes.flatMap(leavesOf) ?? [node]

const unread = ({ name, source }: Node, reason: string): string =>
  `${name} (${source.name} ${source.endpoint}): ${reason}`

const noop = (): void => {}
const unattached = {
  clock: systemClock,
  random: Math.random,
  logger: { debug: noop, info: noop, warn: noop, error: noop },
  backoff: { minMs: 200, maxMs: 5_000 },
  report: noop,
}
