/** What a store of ours found in an entry's place that is no entry. Becomes a failure of that code. */
export class UnusableEntry extends Error {
  override readonly name = 'UnusableEntry'
  readonly code: 'persistence.damaged' | 'persistence.foreign'

  constructor(code: UnusableEntry['code']) {
    super(code)
    this.code = code
  }
}
