/** The value of a secret that one snapshot was made with. */
export interface PinnedSecret {
  readonly value: string
  /** Stands for the value in digests: it is never made of it. */
  readonly version: string
}

/** The secrets of one snapshot, by reference. */
export type PinnedSecrets = ReadonlyMap<string, PinnedSecret>

/**
 * What a digest is made of if the document refers to secrets: what is written there, and the versions. With a digest of
 * values and its key, which the journal holds both, a weak secret could be guessed.
 */
export const digestBasis = ({
  written,
  secrets,
}: {
  readonly written: unknown
  readonly secrets: PinnedSecrets
}): unknown => [writtenOut(written), [...secrets].map(([reference, { version }]) => [reference, version])]

/** As text: a parser may return what a digest does not know, such as dates. */
const writtenOut = (data: unknown): string =>
  JSON.stringify(data, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
