import { isDeepStrictEqual } from 'node:util'
import { systemClock } from '../../api/clock.ts'
import { optionTable } from '../../api/option-table.ts'
import type { Document, ReadResult } from '../../api/source.ts'
import type { FormatName } from '../../formats/text-format.ts'
import { type Diff, diffOf } from '../../model/data/diff.ts'
import { ChangeoverError, changeoverError, failure, isChangeoverError } from '../../model/failure.ts'
import type { Schema } from '../../model/schema.ts'
import { createVisibility, type Visibility } from '../../model/visibility.ts'
import { undeclaredPaths } from '../../schema/undeclared-paths.ts'
import { askPolicies } from '../../validation/ask-policies.ts'
import { parseDocument } from '../../validation/parse-document.ts'
import { SnapshotBuilder } from '../../validation/snapshot-builder.ts'
import type { Project } from '../target/project.ts'
import { allVisible, merged, shown } from './all-visible.ts'
import type { OtherLayers } from './other-layers.ts'
import { type Filled, fillReferences } from './placeholders.ts'
import { restartNotes } from './restart-notes.ts'

/** Accepts everything, for a target without a schema. */
export const anything: Schema = {
  '~standard': { version: 1, vendor: 'changeover', validate: (value) => ({ value }) },
}

/** A text of the target, before it is checked. */
interface OwnText {
  /** As the parser of the reloader gets it. */
  readonly text: string
  readonly document: Document
  readonly data: unknown
}

/** A document that has passed. */
export interface Checked {
  /** What the document says, before the schema. */
  readonly data: unknown
  /** What a person should know although nothing is refused. */
  readonly notes: readonly string[]
}

const candidate = { lineage: '', order: 0, name: 'candidate' }

/**
 * Checks documents as the reloader does: its parser, its schema, its policies. It reads no secret. A layer is checked with the
 * other layers, as the one document that they make.
 */
export class Checker {
  readonly #project: Project
  readonly #format: FormatName
  readonly #showValues: boolean
  readonly #builder: SnapshotBuilder
  readonly #others: OtherLayers | undefined

  constructor(project: Project, format: FormatName, showValues: boolean, others?: OtherLayers) {
    this.#project = project
    this.#others = others
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

  get #hasSchema(): boolean {
    return this.#project.schema !== undefined
  }

  /**
   * Makes data of a text.
   *
   * @throws ChangeoverError `document.*`
   */
  async parse(text: string): Promise<unknown> {
    const { value } = parseDocument(await this.#plainText(text), this.#ownParse, this.#builder.visibility, {})
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
   * @throws ChangeoverError `document.*`, `schema.*`, `policy.refused`, `restart.refused`; `command.layer-unread` if that may be
   * so only because a layer was not read
   */
  async check(text: string, replaced?: string): Promise<Checked> {
    const own = await this.#ownOf(text)
    const unread = (await this.#others?.read()) ?? []
    try {
      const { data, notes } = await this.#judge(own, replaced)
      return { data, notes: [...notes, ...unread.map((layer) => `Checked without layer ${layer}.`)] }
    } catch (error) {
      if (unread.length === 0 || !isChangeoverError(error)) throw error
      const first = failure('command.layer-unread', { detail: unread.join('; ') })
      throw new ChangeoverError(first, error.failures)
    }
  }

  async #judge(own: OwnText, replaced: string | undefined): Promise<Checked> {
    const next = await this.#configOf(own)
    const previous = await this.#previousOf(replaced)
    const notes = [...next.notes]
    if (next.snapshot === undefined) {
      if (this.#project.policies.length > 0) notes.push('The policies were not asked, since they need the secrets.')
    } else askPolicies(this.#project.policies, next.snapshot, previous?.snapshot?.config)
    if (previous?.snapshot !== undefined && next.snapshot !== undefined) {
      const { restart } = this.#project
      notes.push(...restartNotes(restart, previous.snapshot.config, next.snapshot.config, this.#builder.visibility))
    }
    if (!this.#hasSchema) notes.push('No schema is known (changeover.config): only the syntax was checked.')
    const undeclared = undeclaredPaths(this.#project, this.#builder.shape)
    if (undeclared.length > 0)
      notes.push(`The schema declares no such path (public, restart): ${undeclared.join(', ')}`)
    const isSame = isDeepStrictEqual(next.input, previous?.input)
    if (isSame && !isDeepStrictEqual(own.data, previous?.own)) {
      notes.push('The service sees no change: the other layers hide it.')
    }
    return { data: own.data, notes }
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

  /** The parser of the user gets what the layers make, and not a layer. */
  get #ownParse(): Project['parse'] {
    return this.#others === undefined ? this.#project.parse : undefined
  }

  async #ownOf(given: string): Promise<OwnText> {
    const content = await this.#plainText(given)
    const document: Document = { kind: 'document', revision: candidate, content }
    const text = this.#builder.textOf(document)
    const { value: data } = parseDocument(text, this.#ownParse, this.#builder.visibility, {})
    return { text, document, data }
  }

  /** What a change replaces; undefined if that is no config. */
  async #previousOf(replaced: string | undefined) {
    try {
      if (replaced !== undefined) return await this.#configOf(await this.#ownOf(replaced))
      return this.#others === undefined ? undefined : await this.#configOf(undefined)
    } catch {
      return undefined
    }
  }

  async #configOf(own: OwnText | undefined) {
    const document = (await this.#others?.compose(own?.text)) ?? own?.document
    if (document === undefined) throw changeoverError('document.missing')
    const text = this.#builder.textOf(document)
    const { visibility } = this.#builder
    const { value: input } = parseDocument(text, this.#project.parse, visibility, {})
    const filled = await this.#filled(input)
    const about = { input, own: own?.data }
    if (filled === undefined) return { ...about, notes: [], snapshot: await this.#snapshotOf(document, text) }
    const [malformed] = filled.references.malformed
    if (malformed !== undefined) {
      const { path, reason } = malformed
      throw changeoverError('secret.invalid', { path: visibility.show(path), detail: reason })
    }
    const { length } = filled.references.places
    const notes = [`${length} ${length === 1 ? 'reference' : 'references'} to secrets: the service reads their values.`]
    const snapshot = await this.#snapshotWithout(filled, document)
    return { ...about, notes, snapshot }
  }

  async #filled(data: unknown): Promise<Filled | undefined> {
    const { schema = anything, providers } = this.#project
    const filled = await fillReferences(schema, data, providers)
    if (filled === undefined || providers !== undefined) return filled
    // The file does not say that references have a meaning, so an object with $secret may be what the schema wants.
    const result = await Promise.resolve(schema['~standard'].validate(data)).catch(() => undefined)
    return this.#hasSchema && result !== undefined && result.issues === undefined ? undefined : filled
  }

  /** Undefined if nothing but the placeholders is refused. */
  async #snapshotWithout({ input, unchecked }: Filled, document: ReadResult) {
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

  async #snapshotOf(document: ReadResult, text: string, isJson = false) {
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
    if (this.#ownParse !== undefined || this.#format === 'json') return text
    const { loadFormat } = await import('../../formats/load-format.ts')
    const parsed = (await loadFormat(this.#format)).parse(text)
    if (parsed.kind === 'parsed') return JSON.stringify(parsed.value)
    const { code, place, cause } = parsed
    const malformed = {
      kind: 'malformed',
      revision: candidate,
      code,
      place,
      ...(cause === undefined ? {} : { cause }),
    } as const
    return this.#builder.textOf(malformed)
  }
}

const isBelow = (path: string, place: string): boolean => path === place || path.startsWith(`${place}.`)
