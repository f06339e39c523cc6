import { ChangeoverError, type Failure } from '../../model/failure.ts'

/** A failure of a command that has more to say than its message. */
export class DetailedError extends ChangeoverError {
  /** For `--json`. */
  readonly more: object
  /** For people; empty if there is nothing to add. */
  readonly text: string

  constructor(failed: Failure, more: object, text = '') {
    super(failed)
    this.more = more
    this.text = text
  }
}
