import { codeTable } from '../../model/error-codes.ts'
import type { ChangeoverError } from '../../model/failure.ts'
import { type Colours, coloursFor } from './colours.ts'
import type { ExitCode } from './exit-codes.ts'

/** The version of the objects that `--json` prints. */
const JSON_SCHEMA = 1

interface Stream {
  readonly isTTY?: boolean
  readonly write: (text: string) => unknown
}

/** What the commands use of the process. */
export interface Io {
  readonly stdout: Stream
  readonly stderr: Stream
  readonly stdin: NodeJS.ReadStream
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

/** How a command has ended. `json` is printed with `--json`. */
export interface Outcome {
  readonly exit: ExitCode
  readonly json?: object
}

/** Prints for people, or one object for programs. */
export class Output {
  readonly colours: Colours
  readonly isJson: boolean
  readonly #io: Io

  constructor(io: Io, isJson: boolean) {
    this.#io = io
    this.isJson = isJson
    this.colours = coloursFor(io.stdout, io.env)
  }

  /** Prints lines for people. */
  say(text: string): void {
    if (!this.isJson && text !== '') this.#io.stdout.write(`${text}\n`)
  }

  /** Prints a text as it is, for people. */
  write(text: string): void {
    if (!this.isJson) this.#io.stdout.write(text)
  }

  /** Prints what belongs to no result: warnings, and what a person is asked about. */
  note(text: string): void {
    if (text !== '') this.#io.stderr.write(`${text}\n`)
  }

  /** Prints an object for programs. */
  object(command: string, fields: object): void {
    if (this.isJson) this.#io.stdout.write(`${JSON.stringify({ schema: JSON_SCHEMA, command, ...fields })}\n`)
  }

  /** Prints why a command has failed. What a hint promises of a service is left out. */
  failure(command: string, error: ChangeoverError, exit: ExitCode, more: object = {}): void {
    const { code, failures } = error
    if (this.isJson) {
      const [first] = failures
      const { hint } = codeTable[code]
      const told = failures.map((failed) => ({ ...failed, hint: codeTable[failed.code].hint }))
      const message = first?.message ?? error.message
      this.object(command, { exit, error: { code, message, hint, failures: told }, ...more })
      return
    }
    for (const failed of failures) this.note(`${failed.code}: ${failed.message}\n  ${codeTable[failed.code].hint}`)
  }
}
