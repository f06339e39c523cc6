import type { Document, FindOrigins, ReadResult } from '../source.ts'

/** The data that the text of a document was written from. */
export interface DocumentData {
  /** Checked as the data of a text is: no key twice, and no number that was rounded. */
  readonly value: unknown
  /** False if no string in it can be a number that does not survive being parsed. */
  readonly hasInexactString: boolean
}

/** By the function of the document, since results of reads are copied on their way. */
const written = new WeakMap<FindOrigins, DocumentData & Pick<Document, 'content'>>()

/** Keeps the data of a document that a source has written itself, so that its text need not be parsed. */
export const keepData = (
  { origins, content }: Document & { readonly origins: FindOrigins },
  data: DocumentData,
): void => {
  written.set(origins, { ...data, content })
}

/** Returns the data of a document, if its source has written it. It belongs to the source: copy what may be changed. */
export const dataOf = (document: ReadResult): DocumentData | undefined => {
  if (document.kind !== 'document' || document.origins === undefined) return undefined
  const known = written.get(document.origins)
  // A source that wraps another one may have changed the text.
  return known?.content === document.content ? known : undefined
}
