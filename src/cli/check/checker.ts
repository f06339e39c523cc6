import { systemClock } from '../../api/clock.ts'
import { optionTable } from '../../api/option-table.ts'
import type { Document } from '../../api/source.ts'
import { loadFormat } from '../../formats/load-format.ts'
import type { FormatName } from '../../formats/text-format.ts'
import { changedLeaves } from '../../model/data/changed-leaves.ts'
import { type Diff, diffOf } from '../../model/data/diff.ts'
import { PathSet } from '../../model/data/path-set.ts'
import { ChangeoverError, changeoverError } from '../../model/failure.ts'
import type { Schema } from '../../model/schema.ts'
import { createVisibility, type Visibility } from '../../model/visibility.ts'
import { replaceReferences } from '../../secrets/references.ts'
import { askPolicies } from '../../validation/ask-policies.ts'
import { parseDocument } from '../../validation/parse-document.ts'
import { SnapshotBuilder } from '../../validation/snapshot-builder.ts'
import type { Project } from '../target/project.ts'
import { allVisible, merged } from './all-visible.ts'
import { type Filled, fillReferences } from './placeholders.ts'

/** Accepts everything, for a target without a schema. */
const anything: Schema = {
  '~standard': { version: 1, vendor: 'changeover', validate: (value) => ({ value }) },
}

/** A document that has passed. */
export interface Checked {
  /** What the document says, before the schema. */
  readonly data: unknown
  /** What a person should know although nothing is refused. */
  readonly notes: readonly string[]
}

/** Checks documents as the reloader does: its parser, its schema, its policies. It reads no secret and no network. */
export class Checker {
  readonly #project: Project
  readonly #format: FormatName
  readonly #showValues: boolean
  readonly #builder: SnapshotBuilder

  constructor(project: Project, format: FormatName, showValues: boolean) {
    this.#project = project
    this.#format = format
    this.#showValues = showValues
    const settings = {
      schema: project.schema ?? anything,
      public: project.public,
      source: { name: 'document', endpoint: '' },
      maxDocumentBytes: project.maxDocumentBytes ?? Number(optionTable.maxDocumentBytes.default),
      policies: project.policies,
      parse: project.parse,
      clock: systemClock,
      deadlines: { validateMs: Number(optionTable['deadlines.validateMs'].default) },
    }
    this.#builder = new SnapshotBuilder(settings, { snapshot: undefined }, () => '')
  }

  get format(): FormatName {
    return this.#format
  }

  /** True if a schema is known. */
  get hasSchema(): boolean {
    return this.#project.schema !== undefined
  }

  /**
   * Makes data of a text.
   *
   * @throws ChangeoverError `document.*`
   */
  async parse(text: string): Promise<unknown> {
    const { value } = parseDocument(await this.#plainText(text), this.#project.parse, this.#builder.visibility, {})
    return value
  }

  /** The same, but undefined for a text that does not parse: what it replaces need not be right. */
  async parseLeniently(text: string | undefined): Promise<unknown> {
    try {
      return text === undefined ? undefined : await this.parse(text)
    } catch {
      return undefined
    }
  }

  /**
   * Checks a text, and whether it may replace another.
   *
   * @throws ChangeoverError `document.*`, `schema.*`, `policy.refused`, `restart.refused`
   */
  async check(text: string, replaced?: string): Promise<Checked> {
    const next = await this.#configOf(text)
    const previous = replaced === undefined ? undefined : await this.#configOf(replaced).catch(() => undefined)
    const notes = [...next.notes]
    if (next.snapshot === undefined) {
      if (this.#project.policies.length > 0) notes.push('The policies were not asked, since they need the secrets.')
    } else askPolicies(this.#project.policies, next.snapshot, previous?.snapshot?.config)
    if (previous?.snapshot !== undefined && next.snapshot !== undefined) {
      notes.push(...this.#restartNotes(previous.snapshot.config, next.snapshot.config))
    }
    if (!this.hasSchema) notes.push('No schema is known (changeover.config): only the syntax was checked.')
    return { data: next.data, notes }
  }

  /** Compares what two documents say. */
  diff(from: unknown, to: unknown): Diff {
    const [before, after] = [shown(from ?? {}), shown(to ?? {})]
    return diffOf(before, after, this.visibility(before, after))
  }

  /** What may be shown of two documents: the keys that either has are not data if they look like names. */
  visibility(from: unknown, to: unknown): Visibility {
    if (this.#showValues) return allVisible
    const { input, output } = this.#builder.shape
    return createVisibility(this.#project.public, input, () => merged(from, to), output)
  }

  async #configOf(text: string) {
    const plain = await this.#plainText(text)
    const { visibility } = this.#builder
    const document: Document = {
      kind: 'document',
      revision: { lineage: '', order: 0, name: 'candidate' },
      content: plain,
    }
    const checked = this.#builder.textOf(document)
    const { value: data } = parseDocument(checked, this.#project.parse, visibility, {})
    const filled = await this.#filled(data)
    if (filled === undefined) return { data, notes: [], snapshot: await this.#snapshotOf(document, checked) }
    const [malformed] = filled.references.malformed
    if (malformed !== undefined) {
      const { path, reason } = malformed
      throw changeoverError('secret.invalid', { path: visibility.show(path), detail: reason })
    }
    const { length } = filled.references.places
    const notes = [`${length} ${length === 1 ? 'reference' : 'references'} to secrets: the service reads their values.`]
    const snapshot = await this.#snapshotWithout(filled, document)
    return { data, notes, snapshot }
  }

  async #filled(data: unknown): Promise<Filled | undefined> {
    const { schema = anything, providers } = this.#project
    const filled = await fillReferences(schema, data, providers)
    if (filled === undefined || providers !== undefined) return filled
    // The file does not say that references have a meaning, so an object with $secret may be what the schema wants.
    const result = await Promise.resolve(schema['~standard'].validate(data)).catch(() => undefined)
    return this.hasSchema && result !== undefined && result.issues === undefined ? undefined : filled
  }

  /** Undefined if nothing but the placeholders is refused. */
  async #snapshotWithout({ input, unchecked }: Filled, document: Document) {
    const { visibility } = this.#builder
    const places = new Set(unchecked.map((path) => visibility.show(path)))
    try {
      return await this.#snapshotOf(document, JSON.stringify(input), true)
    } catch (error) {
      if (!(error instanceof ChangeoverError) || places.size === 0) throw error
      const [first, ...rest] = error.failures.filter(
        ({ path = '' }) => ![...places].some((place) => isBelow(path, place)),
      )
      if (first !== undefined) throw new ChangeoverError(first, rest)
      return undefined
    }
  }

  async #snapshotOf(document: Document, text: string, isJson = false) {
    const builder = isJson ? this.#jsonBuilder() : this.#builder
    return builder.snapshotOf(document, text, undefined, new AbortController())
  }

  /** With the strict parser of JSON in place of the user's, for data that was parsed already. */
  #jsonBuilder(): SnapshotBuilder {
    if (this.#project.parse === undefined) return this.#builder
    return new Checker({ ...this.#project, parse: undefined }, 'json', this.#showValues).#builder
  }

  /** The text as the parser of the reloader gets it: a source makes JSON of other formats. */
  async #plainText(text: string): Promise<string> {
    if (this.#project.parse !== undefined || this.#format === 'json') return text
    const parsed = (await loadFormat(this.#format)).parse(text)
    if (parsed.kind === 'parsed') return JSON.stringify(parsed.value)
    const { code, place, cause } = parsed
    const revision = { lineage: '', order: 0, name: 'candidate' }
    const malformed = { kind: 'malformed', revision, code, place, ...(cause === undefined ? {} : { cause }) } as const
    return this.#builder.textOf(malformed)
  }

  #restartNotes(previous: unknown, next: unknown): readonly string[] {
    const { paths, policy } = this.#project.restart
    if (paths.length === 0) return []
    const set = PathSet.of(paths)
    const leaves = [...changedLeaves(previous, next, () => false)].filter((path) => set.covers(path))
    const [first] = leaves
    if (first === undefined) return []
    const shown = leaves.map((path) => this.#builder.visibility.show(path)).join(', ')
    if (policy === 'refuse') throw changeoverError('restart.refused', { path: this.#builder.visibility.show(first) })
    return [policy === 'hold' ? `Waits for a restart: ${shown}` : `Needs a restart: ${shown}`]
  }
}

/** A reference to a secret is one value, not an object. */
export const shown = (data: unknown): unknown => replaceReferences(data, (reference) => `$secret ${reference}`)

const isBelow = (path: string, place: string): boolean => path === place || path.startsWith(`${place}.`)
