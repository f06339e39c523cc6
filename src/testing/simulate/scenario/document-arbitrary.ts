/** An arbitrary of fast-check that makes documents. Spelt out, so that these types need no fast-check. */
export interface DocumentArbitrary<Document> {
  readonly generate: (mrng: never, biasFactor: never) => { readonly value: Document }
}
