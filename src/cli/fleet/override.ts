import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { systemClock } from '../../api/clock.ts'
import { editText } from '../../formats/edit/edit-text.ts'
import type { FleetStore } from '../../fleet/fleet-store.ts'
import {
  decodeOverride,
  encodeOverride,
  OVERRIDES,
  overrideName,
  type OverrideEntry,
} from '../../fleet/override-entry.ts'
import type { Path } from '../../model/data/not-plain.ts'
import { valueAt } from '../../model/data/value-at.ts'
import { changeoverError } from '../../model/failure.ts'
import { authorOf, reasonOf } from '../context/author.ts'
import type { Command } from '../context/command.ts'
import type { Context } from '../context/context.ts'
import { pathOf } from '../context/path-of.ts'
import { valuesOf } from '../context/values-of.ts'
import { exitCodes } from '../output/exit-codes.ts'
import type { Outcome } from '../output/output.ts'
import { durationOf, usage } from '../target/flags.ts'
import { etcdTarget, withFleet } from './open-fleet.ts'

const DEFAULT_TIME = '10m'

export const override: Command = {
  name: 'override',
  usage: 'PATH=VALUE|PATH',
  summary: 'Lays a value above that of the document for a while. It ends in etcd, whatever becomes of the command.',
  flags: {
    for: { type: 'string', value: '10m', help: 'when it ends; at most 24h' },
    end: { type: 'boolean', help: 'end the overrides of PATH now' },
    author: { type: 'string', value: 'NAME', help: 'who asks; by git, or user@host, if it is left out' },
    message: { type: 'string', short: 'm', value: 'TEXT', help: 'the reason' },
  },
  examples: [
    ['changeover override log.level=debug --for 10m -m "find the leak"', 'is over after ten minutes'],
    ['changeover override log.level --end', 'is over now'],
  ],
  run: async (context) => {
    context.atMost(1)
    const given = context.argument(0, context.flags.end === true ? 'PATH' : 'PATH=VALUE')
    const [, name = '', text] = /^((?:[^=\\]|\\.)+)(?:=(.*))?$/s.exec(given) ?? []
    const path = pathOf(name).map(String)
    const isEnd = context.flags.end === true
    if (isEnd === (text !== undefined))
      throw usage(isEnd ? '--end takes a PATH without a value' : 'PATH=VALUE is needed')
    if (text === undefined) return withFleet(context, (store) => endOverrides(context, store, path))
    const forMs = durationOf('for', context.text('for') ?? DEFAULT_TIME)
    const values = await valuesOf(context, path, text)
    await etcdTarget(context)
    const value = await acceptedValue(context, path, values)
    return withFleet(context, (store) => addOverride(context, store, { path, value, forMs }))
  },
}

const addOverride = async (
  context: Context,
  store: FleetStore,
  { path, value, forMs }: { readonly path: readonly string[]; readonly value: unknown; readonly forMs: number },
): Promise<Outcome> => {
  const now = systemClock.now()
  const entry: OverrideEntry = {
    // In the order in which they were made.
    id: `${String(now).padStart(15, '0')}-${randomBytes(3).toString('hex')}`,
    path,
    value,
    by: await authorOf(context),
    reason: reasonOf(context),
    until: now + forMs,
  }
  const lease = await store.grant(forMs, context.signal)
  const change = { expect: {}, put: { [overrideName(entry.id)]: encodeOverride(entry) }, lease }
  const revision = await store.write(change, context.signal)
  if (revision === undefined) throw changeoverError('fleet.override-failed')
  const until = new Date(entry.until).toISOString()
  context.out.say(`${path.join('.')} is overridden until ${until}, in services whose source has etcdOverrides.`)
  return { exit: exitCodes.done, json: { target: store.place, id: entry.id, path, until, revision } }
}

const endOverrides = async (context: Context, store: FleetStore, path: readonly string[]): Promise<Outcome> => {
  const entries = await overridesOf(store, context.signal)
  const ended = entries.filter((entry) => entry.path.join('\n') === path.join('\n'))
  if (ended.length > 0) {
    await store.write({ expect: {}, remove: ended.map(({ id }) => overrideName(id)) }, context.signal)
  }
  context.out.say(
    ended.length === 0 ? 'Nothing to do: the path is not overridden.' : `${path.join('.')} is not overridden any more.`,
  )
  return { exit: exitCodes.done, json: { target: store.place, ended: ended.length } }
}

/** The overrides of a document, in the order in which they were made. */
export const overridesOf = async (store: FleetStore, signal: AbortSignal): Promise<readonly OverrideEntry[]> => {
  const { entries } = await store.list(OVERRIDES, signal)
  return entries.flatMap(({ text }) => decodeOverride(text) ?? [])
}

/** What VALUE means: what it says as JSON if the document is valid with it, otherwise the text itself. */
const acceptedValue = async (context: Context, path: Path, [first, other]: readonly unknown[]): Promise<unknown> => {
  const [documents, checker] = [await context.store(), await context.checker()]
  const document = await documents.read(context.signal)
  if (document.text === undefined) throw changeoverError('document.missing')
  const before = document.text
  const check = async (value: unknown): Promise<unknown> => {
    await checker.check(await editText(checker.format, before, path, value), before)
    return value
  }
  if (other === undefined) return check(first)
  return check(first).catch((error: unknown) => check(other).catch(() => Promise.reject(error)))
}

/** Says which of the changes an override hides. */
export const hiddenChanges = async (context: Context, before: unknown, after: unknown): Promise<readonly string[]> => {
  const target = await context.target()
  if (target.kind === 'file') return []
  const entries = await withFleet(context, (store) => overridesOf(store, context.signal))
  const hiding = entries.filter(({ path }) => !isDeepStrictEqual(valueAt(before, path), valueAt(after, path)))
  return hiding.map(({ path, by, until }) => {
    const end = new Date(until).toISOString()
    return `${path.join('.')} changes, and stays hidden by an override of ${by} until ${end}`
  })
}
