import fc from 'fast-check'
import { expect, test } from 'vitest'
import { changedLeaves } from '../../src/model/data/changed-leaves.ts'
import type { Path } from '../../src/model/data/not-plain.ts'
import { toPlain } from '../../src/model/data/plain.ts'
import type { ServingStore } from '../../src/modules/serving-store.ts'
import { FollowUps } from '../../src/validation/follow-ups.ts'
import type { Plan } from '../../src/transaction/plan.ts'

const keys = ['a', 'b', 'c', '*', 'constructor', '0', 'x.y']
const key = fc.constantFrom(...keys)
const leaf = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom('', 'x', true, null))
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'medium' },
    leaf,
    fc.dictionary(key, tie('tree'), { maxKeys: 3 }),
    fc.array(tie('tree'), { maxLength: 3 }),
  ),
}))
const config = fc.dictionary(key, tree, { minKeys: 1, maxKeys: 4 })
const path = fc.array(key, { minLength: 1, maxLength: 3 })
const dotted = fc.array(fc.constantFrom('a', 'b', 'c', '*', '0'), { minLength: 1, maxLength: 3 })

const get = (value: unknown, [first, ...rest]: readonly string[]): unknown => {
  if (first === undefined) return value
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, first)) return undefined
  return get((value as Record<string, unknown>)[first], rest)
}

/** A module follows the parts at its paths; the ways in which it takes them make no difference. */
const selects: readonly ((paths: readonly (readonly string[])[]) => (config: unknown) => unknown)[] = [
  (paths) => (from) => get(from, paths[0] ?? []),
  (paths) => (from) => paths.map((each) => get(from, each) ?? null),
  (paths) => (from) => ({ all: { ...paths.map((each) => ({ part: get(from, each) })) } }),
  (paths) => (from) => JSON.stringify(paths.map((each) => get(from, each))),
]
const module = fc.record({ paths: fc.array(path, { minLength: 1, maxLength: 2 }), way: fc.nat(selects.length - 1) })

const leads = (to: Path, followed: Path): boolean => followed.every((each, index) => String(each) === String(to[index]))
const matches = (to: Path, pattern: string): boolean =>
  pattern.split('.').every((each, index) => index < to.length && (each === '*' || each === String(to[index])))

/** The leaves of a config, by their paths. */
const leavesOf = (value: unknown, at: Path = []): ReadonlyMap<string, unknown> => {
  const isContainer = typeof value === 'object' && value !== null
  if (!isContainer) return new Map([[JSON.stringify(at), value]])
  const entries = Object.entries(value)
  if (entries.length === 0) return new Map([[JSON.stringify(at), Array.isArray(value) ? '[]' : '{}']])
  return new Map(
    entries.flatMap(([name, member]) => [...leavesOf(member, [...at, Array.isArray(value) ? Number(name) : name])]),
  )
}

const differing = (previous: unknown, next: unknown): readonly string[] => {
  const [before, after] = [leavesOf(previous), leavesOf(next)]
  return [...new Set([...before.keys(), ...after.keys()])].filter((at) => before.get(at) !== after.get(at)).sort()
}

test('The changed leaves of two configs are the leaves that only one of them has', () => {
  fc.assert(
    fc.property(config, config, (from, to) => {
      const previous = toPlain(from)
      const next = toPlain(to, previous)
      const found = [...changedLeaves(previous, next)].map((each) => JSON.stringify(each))
      expect(new Set(found).size).toBe(found.length)
      expect(found.sort()).toEqual(differing(previous, next))
    }),
    { numRuns: 10_000, seed: 1 },
  )
})

test('Every changed leaf is followed, live, restart or unfollowed, and a record names the last two', () => {
  const kinds = new Set<string>()
  fc.assert(
    fc.property(
      fc.record({ from: config, to: config, modules: fc.array(module, { maxLength: 3 }) }),
      fc.record({ live: fc.array(dotted, { maxLength: 2 }), restart: fc.array(dotted, { maxLength: 2 }) }),
      ({ from, to, modules }, declared) => {
        const [live, restart] = [declared.live, declared.restart].map((each) => each.map((one) => one.join('.')))
        const previous = toPlain(from)
        const next = toPlain(to, previous)
        const slots = modules.map(({ paths, way }, index) => {
          const used = way === 0 ? paths.slice(0, 1) : paths
          const select = selects[way]?.(used) ?? (() => undefined)
          const slice = (value: unknown) => {
            const selected = select(value)
            return selected === undefined ? undefined : toPlain(selected)
          }
          return { name: `m${index}`, used, definition: { select }, slice: slice(previous), next: slice(next) }
        })
        const followUps = new FollowUps({
          settings: {
            live: live ?? [],
            restart: { paths: restart ?? [], policy: 'warn' },
            clock: { now: () => 0 } as never,
          },
          store: { slots: new Map(slots.map((slot) => [slot.name, slot])) } as unknown as ServingStore,
          subscriptions: { selects: [] },
          visibility: { show: (each: Path) => JSON.stringify(each) } as never,
        })
        const expected = { restart: [] as string[], unfollowed: [] as string[] }
        const classify = followUps.classify(previous, next)
        for (const text of differing(previous, next)) {
          const at = JSON.parse(text) as Path
          // A part that a module follows may have been something else before, and what it was is followed with it.
          const isFollowed = slots.some(({ used }) => used.some((each) => leads(at, each) || isReadOn(each, at)))
          const kind = restart?.some((each) => matches(at, each))
            ? 'restart'
            : live?.some((each) => matches(at, each))
              ? 'live'
              : isFollowed
                ? 'followed'
                : 'unfollowed'
          kinds.add(kind)
          expect([at, classify(at)]).toEqual([at, kind])
          if (kind === 'restart' || kind === 'unfollowed') expected[kind].push(text)
        }
        const plan = new Map(slots.map((slot) => [slot.name, { previous: slot.slice, next: slot.next }]))
        const { unfollowed = [], restartRequired = [] } = followUps.of(plan as unknown as Plan, previous, next)
        expect([...unfollowed].sort()).toEqual(expected.unfollowed)
        expect([...restartRequired].sort()).toEqual(expected.restart)

        /** A select that looks for a part below a value reads that value. */
        function isReadOn(each: readonly string[], at: Path): boolean {
          if (at.length >= each.length || !leads(each, at)) return false
          return [previous, next].some((value) => {
            const found = get(value, at.map(String))
            return found !== undefined && (typeof found !== 'object' || found === null)
          })
        }
      },
    ),
    { numRuns: 10_000, seed: 1 },
  )
  expect([...kinds].sort()).toEqual(['followed', 'live', 'restart', 'unfollowed'])
})
