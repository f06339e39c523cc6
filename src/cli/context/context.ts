import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { DocumentStore } from '../../history/document-store.ts'
import { changeoverError } from '../../model/failure.ts'
import { Checker } from '../check/checker.ts'
import type { Io, Output } from '../output/output.ts'
import { loadProject } from '../target/config-file.ts'
import { type DocumentTarget, formatOf, resolveTarget } from '../target/document-target.ts'
import { durationOf, type ParsedFlags, usage } from '../target/flags.ts'
import { openStore } from '../target/open-store.ts'
import type { Project } from '../target/project.ts'

const DEFAULT_TIMEOUT = '10s'

/** What a command works with. Each part is made when it is first used, and once. */
export class Context {
  readonly args: readonly string[]
  readonly flags: ParsedFlags['values']
  readonly io: Io
  readonly out: Output
  readonly signal: AbortSignal
  #project: Promise<Project> | undefined
  #target: Promise<DocumentTarget> | undefined
  #store: Promise<DocumentStore> | undefined

  constructor({ values, positionals }: ParsedFlags, io: Io, out: Output, signal: AbortSignal) {
    this.args = positionals
    this.flags = values
    this.io = io
    this.out = out
    this.signal = signal
  }

  /** The value of a flag that takes a text. */
  text(name: string): string | undefined {
    const value = this.flags[name]
    return typeof value === 'string' ? value : undefined
  }

  get timeoutMs(): number {
    return durationOf('timeout', this.text('timeout') ?? DEFAULT_TIMEOUT)
  }

  get showsValues(): boolean {
    return this.flags['show-values'] === true
  }

  /** The one argument that the command needs. */
  argument(index: number, name: string): string {
    const value = this.args[index]
    if (value === undefined || value === '') throw usage(`${name} is missing`)
    return value
  }

  /** @throws ChangeoverError `command.usage` if there are more arguments than this */
  atMost(count: number): void {
    if (this.args.length > count) throw usage(`there are ${this.args.length} arguments, at most ${count} are allowed`)
  }

  project(): Promise<Project> {
    const named = this.text('config') ?? (this.io.env.CHANGEOVER_CONFIG || undefined)
    this.#project ??= loadProject(named, this.io.cwd)
    return this.#project
  }

  target(): Promise<DocumentTarget> {
    this.#target ??= this.project().then((project) => resolveTarget(this.flags, this.io.env, project, this.io.cwd))
    return this.#target
  }

  store(): Promise<DocumentStore> {
    this.#store ??= this.target().then((target) => openStore(target, this.timeoutMs))
    return this.#store
  }

  /** Checks documents of the target; `file` is the name of one that is given. */
  async checker(file?: string): Promise<Checker> {
    const project = await this.project()
    const target = await this.target().catch(() => undefined)
    const own = target?.kind === 'file' ? target.path : target?.options.key
    return new Checker(project, formatOf(this.flags, project, [file, own]), this.showsValues)
  }

  /** Reads a file that is named on the command line; `-` is the standard input. */
  async read(name: string): Promise<string> {
    const bytes = name === '-' ? await this.#readInput() : await this.#readFile(name)
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch (error) {
      throw changeoverError('document.encoding', { detail: name }, error)
    }
  }

  async #readFile(name: string): Promise<Uint8Array> {
    try {
      return await readFile(resolve(this.io.cwd, name))
    } catch (error) {
      throw changeoverError('command.file-failed', { detail: name }, error)
    }
  }

  async #readInput(): Promise<Uint8Array> {
    const chunks: Buffer[] = []
    for await (const chunk of this.io.stdin) chunks.push(Buffer.from(chunk as Uint8Array))
    return Buffer.concat(chunks)
  }

  async close(): Promise<void> {
    const store = await this.#store?.catch(() => undefined)
    await store?.close()
  }
}
