import type { ReadResult, Source } from '../source.ts'

/** What a source reads, for the command that writes it. The options may hold credentials. */
export type SourceTarget =
  | { readonly kind: 'etcd'; readonly options: object }
  | { readonly kind: 'file'; readonly options: object }
  | { readonly kind: 'layers'; readonly layers: readonly TargetLayer[]; readonly compose: ComposeLayers }
  /** What never changes and needs no network: defaults, the environment. */
  | { readonly kind: 'fixed' }

/** Makes one result of those of all layers, in their order; undefined for one that is left out. */
export type ComposeLayers = (results: readonly (ReadResult | undefined)[]) => ReadResult

/** A layer of a source. */
interface TargetLayer {
  readonly name: string
  readonly source: Source
  readonly optional: boolean
}

/** Shared by all copies of the package: the command may be installed elsewhere than the service. */
const key = Symbol.for('changeover.target')

/** Lets the command find out what a source reads. A function, so that no log shows the options. */
export const withTarget = (source: Source, target: SourceTarget): Source =>
  Object.assign(source, { [key]: () => target })

/** Returns what a source reads; undefined for a source of the user. */
export const targetOf = (source: object): SourceTarget | undefined =>
  (source as { readonly [key]?: () => SourceTarget })[key]?.()
