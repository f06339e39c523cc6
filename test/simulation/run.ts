import { memorySource } from 'changeover/testing'
import { act, confirm, unfreeze } from './acts.ts'
import { createScene, type Scene } from './scene.ts'
import { Witness } from './witness.ts'

const STEPS = 60

/** Lets time pass, and says yes to every change that waits for it. */
const pass = async (scene: Scene, witness: Witness, ms: number): Promise<void> => {
  for (let passed = 0; passed < ms; passed += 4_000) {
    confirm(scene, witness, true)
    await scene.clock.advance(4_000)
  }
}

const start = async ({ reloader, clock, world }: Scene): Promise<void> => {
  const starting = reloader.start()
  await clock.advance(10_000)
  await starting
  world.faultRate = 0.15
}

/** All is well again: what can be applied is, what cannot is named, and nobody is left waiting. */
const checkHealed = async (scene: Scene, witness: Witness): Promise<void> => {
  const { reloader, world, source } = scene
  world.heal()
  source.heal()
  unfreeze(scene, witness)
  await pass(scene, witness, 400_000)
  const { inSync, quarantine } = reloader.status()
  const newest = source.revision
  const last = witness.records.findLast(
    ({ revision }) => revision?.name === newest.name && revision.lineage === newest.lineage,
  )
  // A document that is none, and one that is quarantined until somebody changes or releases it.
  const isRefused = last?.outcome === 'rejected' && last.failures[0].code !== 'quarantined'
  const isHeld = quarantine.some(({ digest, until }) => digest === last?.digest && until === undefined)
  witness.must(inSync || isRefused || isHeld, 'G11 the newest document is neither served nor refused nor held')
  witness.must(witness.unanswered === 0, `${witness.unanswered} calls wait for ever`)
  witness.released()
  witness.ask(reloader.release(), [])
  await pass(scene, witness, 40_000)
  witness.must(reloader.status().inSync || isRefused, 'a released document is not served')
  witness.checkServing()
}

/** Publishes three documents into each other's transactions, and requires quiet: the last one serves. */
const checkNewest = async (scene: Scene, witness: Witness): Promise<void> => {
  const { reloader, world, source, documents, clock } = scene
  world.slowMs = 100
  for (let put = 0; put < 3; put++) {
    source.put(documents.whole())
    await clock.advance(50)
  }
  await pass(scene, witness, 200_000)
  const { state, inSync, degraded, serving, quarantine } = reloader.status()
  witness.must(reloader.config.a.version === documents.version, 'G11 the newest document does not serve')
  witness.must(state === 'committed', `it rests in ${state}`)
  witness.must(inSync, 'it is not in sync')
  witness.must(degraded.length === 0, 'it is degraded still')
  witness.must(
    quarantine.every(({ digest }) => digest !== serving?.digest),
    'what serves is quarantined',
  )
  witness.checkServing()
}

const close = async ({ reloader, clock, world }: Scene, witness: Witness): Promise<void> => {
  let isClosed = false
  void reloader.close().then(() => {
    isClosed = true
  })
  await clock.advance(0)
  for (let passed = 0; passed < 200_000 && !isClosed; passed += 10) await clock.advance(10)
  witness.must(isClosed, 'G10 the close does not end')
  // At once: a timer that is left would be gone a while later.
  witness.must(clock.pending() === 0, `G18 ${clock.pending()} timers are left`)
  await witness.consuming
  world.heal()
  await clock.advance(10_000)
  witness.checkClosed()
}

/** A restart that finds no source serves what was the last known good. */
const checkRestart = async ({ reloader, clock, serviceOn, world }: Scene, witness: Witness): Promise<void> => {
  const { lastGood } = reloader.status()
  const source = memorySource()
  source.failReads('source.unreachable')
  const again = serviceOn(source)
  const starting = again.start()
  await clock.advance(1_000)
  await starting
  const { serving, stale } = again.status()
  witness.must(serving?.digest === lastGood?.digest, 'a restart does not serve the last known good')
  witness.must(stale !== undefined, 'a restart without a source does not say that it is stale')
  const closing = again.close()
  await clock.advance(200_000)
  await closing
  witness.must(clock.pending() === 0, `G18 ${clock.pending()} timers are left of the second run`)
  for (const breach of world.breaches) witness.must(false, `G3 ${breach}`)
}

/** Plays one history of a reloader from its seed; returns the broken invariants and the records. */
const simulateOnce = async (seed: number) => {
  const scene = createScene(seed)
  const witness = new Witness(scene)
  const { random, clock, reloader } = scene
  await start(scene)
  for (let step = 0; step < STEPS; step++) {
    await act(scene, witness)
    await clock.advance(random.pick([0, 1, 50, 1_000, 40_000]))
    witness.checkServing()
  }
  // Some end in the middle of everything; the others must come to rest first.
  const isCut = random.chance(0.25)
  if (!isCut) {
    await checkHealed(scene, witness)
    await checkNewest(scene, witness)
  }
  await close(scene, witness)
  if (!isCut && scene.persists) await checkRestart(scene, witness)
  return { broken: witness.broken, records: witness.records, counters: reloader.status().counters }
}

/** Plays histories from one seed on, until one breaks an invariant; counts the outcomes of all transactions. */
export const simulateMany = async (firstSeed: number, runs: number) => {
  const outcomes: Record<string, number> = {}
  /** How often each trigger has begun a transaction, and each code ended one. */
  const met: Record<string, number> = {}
  const meet = (what: string): void => {
    met[what] = (met[what] ?? 0) + 1
  }
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const { broken, records, counters } = await simulateOnce(seed)
    if (broken.length > 0) return { failed: { seed, broken }, outcomes, met }
    for (const [outcome, count] of Object.entries(counters)) outcomes[outcome] = (outcomes[outcome] ?? 0) + count
    for (const record of records) {
      meet(record.trigger)
      if ('failures' in record) meet(record.failures[0].code)
    }
  }
  return { failed: undefined, outcomes, met }
}
