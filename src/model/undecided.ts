import { ChangeoverError } from './failure.ts'

/**
 * A document was refused before it was decided on: an asynchronous schema has failed, or a secret could not be read. The same
 * document may be accepted later, so it is tried again with back-off.
 */
export class UndecidedError extends ChangeoverError {}
