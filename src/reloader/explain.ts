import type { Explanation } from '../api/explanation.ts'
import type { FindOrigins, Origin } from '../api/source.ts'
import type { SourceReader } from '../intake/source-reader.ts'
import type { Path } from '../model/data/not-plain.ts'
import { toPlain } from '../model/data/plain.ts'
import { valueAt } from '../model/data/value-at.ts'
import { changeoverError } from '../model/failure.ts'
import { invalidOption } from '../model/option-checks.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Visibility } from '../model/visibility.ts'
import type { Settings } from '../settings/settings.ts'

interface ExplainDeps {
  readonly settings: Pick<Settings, 'source' | 'parse'>
  readonly engine: {
    readonly intake: { readonly documents: Pick<SourceReader, 'originsOf' | 'isStored'> }
    readonly builder: { readonly visibility: Visibility }
  }
  readonly store: Pick<ServingStore, 'snapshot'>
}

/** Says where a value of the serving config comes from. Nothing is worked out, or kept, before someone asks. */
export type Explain = (path: string | Path) => Explanation

export const createExplain =
  (deps: ExplainDeps): Explain =>
  (given) => {
    const path = toPath(given)
    const { snapshot } = deps.store
    if (snapshot === undefined) throw changeoverError('reloader.not-started')
    return explainPath(path, snapshot, deps)
  }

const explainPath = (path: Path, snapshot: Snapshot, deps: ExplainDeps): Explanation => {
  const { documents } = deps.engine.intake
  const { visibility } = deps.engine.builder
  const { revision, config } = snapshot
  const isRestored = documents.isStored(revision)
  const isServed = valueAt(config, path) !== undefined
  const found = isRestored ? storedOrigins(snapshot, isServed) : originsOf(path, snapshot, deps)
  const isPublic = visibility.isPublic(path)
  return {
    path: visibility.show(path),
    isServed,
    revision,
    isRestored,
    origins: found.length === 0 && isServed ? [fromSchema] : found.map((origin) => shownOrigin(origin, isPublic)),
  }
}

/** No document has it, so the schema has made it. */
const fromSchema: Origin = { kind: 'schema', at: 'a default or a transform of the schema' }

const storedOrigins = ({ revision }: Snapshot, isServed: boolean): readonly Origin[] =>
  isServed ? [{ kind: 'stored', at: `good document ${revision.name}` }] : []

/** A text is split at its dots. An array has the keys as they are, so a key may have dots. */
const toPath = (given: unknown): Path => {
  if (typeof given === 'string') return given === '' ? [] : given.split('.')
  const isPath = Array.isArray(given) && given.every((key) => typeof key === 'string' || Number.isSafeInteger(key))
  if (isPath) return given
  throw invalidOption('the path must be a text with dots, or an array of keys and indexes')
}

const originsOf = (path: Path, snapshot: Snapshot, { engine, settings }: ExplainDeps): readonly Origin[] => {
  const { source, parse } = settings
  const find = engine.intake.documents.originsOf(snapshot.revision)
  const isLayered = source.layers !== undefined
  if (isLayered && find !== undefined) return calledOrigins(find, path, snapshot.text)
  // What a parser of the user makes is not known here, so the config stands for it.
  const value = valueAt(parse === undefined ? dataOf(snapshot) : snapshot.config, path)
  if (value === undefined) return []
  const [place] = find === undefined ? [] : calledOrigins(find, path, snapshot.text)
  const { name, endpoint } = source
  return [{ ...(place ?? { kind: name, at: `${endpoint}@${snapshot.revision.name}` }), value }]
}

/** The function of a source may throw. */
const calledOrigins = (find: FindOrigins, path: Path, text: string): readonly Origin[] => {
  try {
    return find(path, text)
  } catch {
    return []
  }
}

const parsedTexts = new WeakMap<Snapshot, unknown>()

/** The document as data: parsed when it is first asked for. */
const dataOf = (snapshot: Snapshot): unknown => {
  if (!parsedTexts.has(snapshot)) parsedTexts.set(snapshot, JSON.parse(snapshot.text))
  return parsedTexts.get(snapshot)
}

/** A copy with the fields that are known, and the value only if it may be shown. */
const shownOrigin = ({ kind, at, layer, isHidden, deletes, value }: Origin, isPublic: boolean): Origin => ({
  ...(layer === undefined ? {} : { layer }),
  kind,
  at,
  ...(isHidden === true ? { isHidden } : {}),
  ...(deletes === true ? { deletes } : {}),
  ...(isPublic && value !== undefined ? { value: toPlain(value) } : {}),
})
