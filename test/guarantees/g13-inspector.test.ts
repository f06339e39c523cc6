import { createReloader, type MachineInspectionEvent, type MachineInspector } from 'changeover'
import { memorySource } from 'changeover/testing'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { createActor, InspectionEvent, Observer } from 'xstate'
import { Config, configOf, startHarness, type HarnessOptions } from './harness.ts'

const noise = new Error('scripted')
const fail = (): never => {
  throw noise
}

/** Changes everything that it can reach. */
const changeAll = (value: unknown, seen = new Set<unknown>()): void => {
  if (typeof value !== 'object' || value === null || seen.has(value)) return
  seen.add(value)
  for (const key of Reflect.ownKeys(value)) {
    changeAll(Reflect.get(value, key), seen)
    if (key !== 'length') Reflect.set(value, key, 'changed')
    Reflect.deleteProperty(value, key)
  }
}

const requests = ['close.requested', 'source.changed', 'module.settled', 'watch.broke', 'xstate.stop']

/**
 * Sends everything that it can to the actors that it sees; not in response to its own events, which would never end.
 */
const createMeddler = () => {
  let isMeddling = false
  return ({ actorRef }: MachineInspectionEvent): void => {
    if (isMeddling) return
    isMeddling = true
    for (const actor of [actorRef, ...Object.values(actorRef.getSnapshot().children ?? {})])
      for (const type of requests) actor.send({ type })
    isMeddling = false
  }
}

const inspectors: Readonly<Record<string, () => MachineInspector>> = {
  throws: () => fail,
  'is an observer that throws': () => ({ next: fail }),
  rejects: () => async () => fail(),
  'returns something that looks like a promise but is none': () => () => ({ then: fail }),
  'loses its next': () => {
    let calls = 0
    return {
      get next() {
        return calls++ < 5 ? () => {} : fail()
      },
    }
  },
  'changes everything that it receives': () => (event) => {
    changeAll(event.actorRef.getSnapshot())
    changeAll(event)
  },
  'sends events to the machines': createMeddler,
}

/** Plays a service that commits, rolls back, rejects, loses its watch and opens it again. */
const live = async (options: HarnessOptions['options'] = {}) => {
  const harness = await startHarness({ config: configOf({ a: 1 }), options: { soak: 20, ...options } })
  const { reloader, source, modules, put, advance } = harness
  const outcomes: string[] = []
  outcomes.push((await put(configOf({ a: 2, b: 1 }), 1_000)).outcome)
  modules.a.script('prepare', 'throw')
  outcomes.push((await put(configOf({ a: 3 }), 1_000)).outcome)
  outcomes.push((await put('{', 1_000)).outcome)
  source.breakWatch('source.closed')
  await advance(10_000)
  outcomes.push((await put(configOf({ a: 4 }), 1_000)).outcome)
  const { state, counters, inSync } = reloader.status()
  return {
    outcomes,
    state,
    inSync,
    counters: { ...counters, reported: 0 },
    config: reloader.config,
    reported: counters.reported,
  }
}

describe('G13 An inspector changes nothing', () => {
  it.each(Object.keys(inspectors))('G13 when it %s', async (kind) => {
    const { reported: _, ...without } = await live()
    const inspect = inspectors[kind]?.()
    expect(inspect).toBeDefined()
    const { reported, ...withIt } = await live({ inspect: inspect as MachineInspector })
    expect(withIt).toEqual(without)
    expect(withIt.outcomes).toEqual(['committed', 'rolled-back', 'rejected', 'committed'])
    // It is reported once for each machine, not once for each of the hundreds of calls.
    if (kind.includes('machines') || kind.includes('changes')) expect(reported).toBe(0)
    else expect([1, 2, 3]).toContain(reported)
  })

  it('G13 when it calls the reloader in the middle of a step', async () => {
    const said: string[] = []
    let act = (): void => {}
    const harness = await startHarness({
      config: configOf({ a: 1 }),
      options: { inspect: ({ type }) => (type === '@xstate.snapshot' ? act() : undefined) },
    })
    const { reloader, advance } = harness
    let left = 3
    act = () => {
      if (left-- <= 0) return
      said.push(reloader.status().state)
      reloader.reload().catch(() => said.push('refused'))
      void reloader.plan('{}')
    }
    expect(await harness.put(configOf({ a: 2 }))).toMatchObject({ outcome: 'committed' })
    await advance(1_000)
    expect(reloader.config).toEqual(configOf({ a: 2 }))
    expect(said.length).toBe(3)
    let isClosed = false
    act = () => {
      if (!isClosed) void reloader.close()
      isClosed = true
    }
    harness.source.put(configOf({ a: 3 }))
    await advance(60_000)
    expect(reloader.status().state).toBe('closed')
    expect(harness.modules.a.made.every(({ closes }) => closes === 1)).toBe(true)
  })
})

describe('The option inspect', () => {
  it('accepts what XState accepts: a function or an observer', async () => {
    expectTypeOf<(event: InspectionEvent) => void>().toExtend<MachineInspector>()
    expectTypeOf<Observer<InspectionEvent>>().toExtend<MachineInspector>()
    type XStateTakes = NonNullable<NonNullable<Parameters<typeof createActor>[1]>['inspect']>
    expectTypeOf<XStateTakes>().toExtend<MachineInspector>()
    const types = new Set<string>()
    await live({ inspect: { next: ({ type }) => types.add(type) } })
    expect([...types].sort()).toEqual([
      '@xstate.action',
      '@xstate.actor',
      '@xstate.event',
      '@xstate.microstep',
      '@xstate.snapshot',
    ])
  })

  it.each([null, {}, 'inspect', { inspect: { next: () => {} } }, { next: 1 }])(
    'rejects %o, and names what it accepts',
    (given) => {
      const options = { source: memorySource(configOf({ a: 1 })), schema: Config, inspect: given as never }
      expect(() => createReloader(options)).toThrow(/inspect must be a function or an observer/)
    },
  )

  it('provides actors like those of XState, parents by identity, the machine as frozen data, and names all work', async () => {
    const roots = new Map<string, MachineInspectionEvent['actorRef']>()
    const children = new Map<string, string | undefined>()
    const work = new Set<string>()
    await live({
      inspect: (event) => {
        const { actorRef } = event
        if (event.type === '@xstate.action') work.add(event.action.type)
        if (actorRef._parent === undefined) {
          expect(roots.get(actorRef.id) ?? actorRef).toBe(actorRef)
          roots.set(actorRef.id, actorRef)
        } else {
          expect(actorRef._parent).toBe(roots.get(actorRef._parent.id))
          children.set(actorRef.id, actorRef._parent.id)
        }
      },
    })
    expect([...roots.keys()].sort()).toEqual(['admission', 'reload', 'watch'])
    expect(Object.fromEntries(children)).toEqual({ watchSource: 'watch' })
    expect([...work]).toEqual(
      expect.arrayContaining(['readSource', 'validateDocument', 'prepareModules', 'commitModules']),
    )
    for (const { logic, id } of roots.values()) {
      expect(logic.config).toMatchObject({ id })
      expect(logic.config).not.toHaveProperty('context')
      expect(Object.isFrozen(logic.config)).toBe(true)
    }
  })
})
