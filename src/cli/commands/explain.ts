import { systemClock } from '../../api/clock.ts'
import type { Origin, Source } from '../../api/source.ts'
import { decodeContent } from '../../validation/decode-content.ts'
import type { Path } from '../../model/data/not-plain.ts'
import { changeoverError, isChangeoverError } from '../../model/failure.ts'
import { SourceError } from '../../api/source.ts'
import { loadFormat } from '../../formats/load-format.ts'
import { allVisible } from '../check/all-visible.ts'
import type { Checker } from '../check/checker.ts'
import type { Context } from '../context/context.ts'
import { exitCodes } from '../output/exit-codes.ts'
import { valueText } from '../output/show-diff.ts'
import { table } from '../output/table.ts'
import type { Command } from '../context/command.ts'
import { pathOf } from '../context/path-of.ts'

export const explain: Command = {
  name: 'explain',
  usage: 'PATH',
  summary: 'Says where a value comes from: the place that counts first, and then what it hides.',
  flags: {},
  examples: [
    ['changeover explain db.max', 'names the layer, the file with its line, the key or the variable'],
    ['changeover explain log.level --json', 'prints the places for a program'],
  ],
  run: async (context) => {
    context.atMost(1)
    const path = pathOf(context.argument(0, 'PATH'))
    const source = (await context.project()).source as Source | undefined
    const isAsked = typeof source?.read === 'function' && !namesTarget(context)
    const found = await (isAsked ? inSource(context, source, path) : inStore(context, path))
    const visibility = context.showsValues ? allVisible : found.checker.visibility(undefined, found.data)
    const shownPath = visibility.show(path)
    if (found.origins.length === 0) throw changeoverError('command.no-such-path', { path: shownPath })
    const isPublic = visibility.isPublic(path)
    const origins = found.origins.map(({ value, ...place }) => ({
      ...place,
      ...(isPublic && value !== undefined ? { value } : {}),
    }))
    context.out.say(`${shownPath}, revision ${found.revision}`)
    context.out.say(table(origins.map(rowOf)))
    return { exit: exitCodes.done, json: { path: shownPath, revision: found.revision, origins } }
  },
}

interface Found {
  readonly origins: readonly Origin[]
  readonly data: unknown
  readonly revision: string
  readonly checker: Checker
}

const rowOf = ({ layer, kind, at, value, isHidden, deletes }: Origin): readonly string[] => [
  isHidden === true ? '  hidden' : '  used',
  layer ?? kind,
  at,
  deletes === true ? '(deletes it)' : value === undefined ? '' : valueText(value),
]

const namesTarget = ({ flags }: Context): boolean =>
  [flags.file, flags.hosts, flags.key, flags.layer].some((flag) => flag !== undefined)

/** A source knows its layers, its lines and its variables. */
const inSource = async (context: Context, source: Source, path: Path): Promise<Found> => {
  const { schema } = await context.project()
  const checker = await context.checker()
  source.attach?.({
    schema: schema as never,
    clock: systemClock,
    random: Math.random,
    logger,
    readMs: context.timeoutMs,
    backoff,
    report: noop,
  })
  try {
    const result = await source.read(context.signal)
    if (result.kind === 'missing') throw changeoverError('document.missing', { detail: source.endpoint })
    if (result.kind === 'malformed')
      throw changeoverError(result.code, result.place?.detail === undefined ? {} : { detail: result.place.detail })
    const text = decodeContent(result.content, {})
    const data: unknown = await checker.parseLeniently(text).then((value) => value ?? JSON.parse(text))
    const value = valueAt(data, path)
    const isLayered = source.layers !== undefined
    const origins =
      value === undefined && !isLayered
        ? []
        : (result.origins?.(path, text) ?? [{ kind: source.name, at: source.endpoint }])
    const { name: revision } = result.revision
    return {
      origins: isLayered ? origins : origins.slice(0, 1).map((origin) => ({ ...origin, value })),
      data,
      revision,
      checker,
    }
  } catch (error) {
    if (error instanceof SourceError)
      throw changeoverError(error.code, error.detail === undefined ? {} : { detail: error.detail }, error.cause)
    throw isChangeoverError(error) ? error : changeoverError('source.failed', {}, error)
  } finally {
    await source.close?.()
  }
}

/** Without a source there is one place: the document, with the line in it. */
const inStore = async (context: Context, path: Path): Promise<Found> => {
  const [store, checker] = [await context.store(), await context.checker()]
  const { revision, text } = await store.read(context.signal)
  if (text === undefined) throw changeoverError('document.missing', { detail: store.place })
  const data = await checker.parse(text)
  const value = valueAt(data, path)
  const position = (await loadFormat(checker.format)).index(text).positionOf(path)
  const at = position === undefined ? '' : `:${position.line}:${position.column}`
  const kind = store.place.split(' ', 1)[0] ?? ''
  const origins = value === undefined ? [] : [{ kind, at: `${store.place.slice(kind.length + 1)}${at}`, value }]
  return { origins, data, revision, checker }
}

const noop = (): void => {}
const logger = { debug: noop, info: noop, warn: noop, error: noop }
const backoff = { minMs: 200, maxMs: 5_000 }

const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<string | number, unknown>)[key]
        : undefined,
    data,
  )
