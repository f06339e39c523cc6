import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { changeoverError } from '../../model/failure.ts'
import type { Source } from '../../api/source.ts'
import { anything, Checker } from '../check/checker.ts'
import type { OtherLayers } from '../check/other-layers.ts'
import type { Io, Output } from '../output/output.ts'
import { loadProject } from '../target/config-file.ts'
import { type DocumentTarget, formatOf, resolveTarget, settingsOf } from '../target/document-target.ts'
import { chooseLayer, type LeafLayer } from '../target/layer.ts'
import { durationOf, type ParsedFlags, usage } from '../target/flags.ts'
import { type OpenedStore, openStore } from '../target/open-store.ts'
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
  #store: Promise<OpenedStore> | undefined
  #others: OtherLayers | undefined
  #hasReadInput = false

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

  /** The layer to work on, if the source is made of layers; `given` is a file that is checked. */
  async layer(given?: string): Promise<LeafLayer | undefined> {
    const { source } = await this.project()
    const setting = settingsOf(this.flags, this.io.env)
    const [name, file, key] = [setting('layer'), setting('file'), setting('key')]
    return chooseLayer(source, { name, file, key, given, folder: this.io.cwd })
  }

  target(): Promise<DocumentTarget> {
    this.#target ??= this.#resolveTarget()
    return this.#target
  }

  async #resolveTarget(): Promise<DocumentTarget> {
    const { source } = await this.project()
    return resolveTarget(this.flags, this.io.env, (await this.layer())?.source ?? source, this.io.cwd)
  }

  store(): Promise<OpenedStore> {
    this.#store ??= this.target().then((target) => openStore(target, this.timeoutMs))
    return this.#store
  }

  /** The store, if it is open. */
  get openedStore(): Promise<OpenedStore> | undefined {
    return this.#store
  }

  /** Checks documents of the target; `file` is the name of one that is given. Offline, it need not be known where it is held. */
  async checker(file?: string, { isOffline = false } = {}): Promise<Checker> {
    const project = await this.project()
    const layer = await this.layer(isOffline ? file : undefined)
    const target = await this.target().catch(() => undefined)
    const own = target?.kind === 'file' ? target.path : target?.options.key
    const format = formatOf(this.flags, layer?.source ?? project.source, [file, own])
    if (layer !== undefined && this.#others === undefined) {
      const { OtherLayers: Others } = await import('../check/other-layers.ts')
      const { schema = anything, source } = project
      const { timeoutMs, signal } = this
      this.#others = new Others(source as Source, layer.name, { schema, isOffline, timeoutMs, signal })
    }
    return new Checker(project, format, this.showsValues, this.#others)
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

  /** True if the standard input is a terminal, and was not read as a document or a value. */
  get canAnswer(): boolean {
    return this.io.stdin.isTTY === true && !this.#hasReadInput
  }

  async #readInput(): Promise<Uint8Array> {
    this.#hasReadInput = true
    const chunks: Buffer[] = []
    for await (const chunk of this.io.stdin) chunks.push(Buffer.from(chunk as Uint8Array))
    return Buffer.concat(chunks)
  }

  async close(): Promise<void> {
    const store = await this.#store?.catch(() => undefined)
    await Promise.all([store?.close(), this.#others?.close()])
  }
}
