import type { TransactionRecord } from '../../../model/record.ts'
import { isSameRevision } from '../../../model/revision.ts'
import { installVirtualGlobals } from './virtual-globals.ts'
import { settleMs } from './time-budget.ts'
import type { Scenario } from '../scenario/scenario.ts'
import { SimulationError } from '../scenario/simulation-error.ts'
import { Stepper } from './step-player.ts'
import { errorText, hearStrayErrors, strayErrorsOut } from '../check/stray-errors.ts'
import type { Subject, Violation } from '../scenario/subject.ts'
import { type TraceEvent, traceText } from '../check/trace-text.ts'
import { waitsForReal } from './stuck.ts'
import { inTurn } from './turns.ts'
import { World } from './simulation.ts'

/** What became of one scenario. */
export interface RunResult {
  /** Broken invariants, first cause first; none where all held. */
  readonly violations: readonly Violation[]
  readonly trace: readonly TraceEvent[]
  /** How often each outcome was reached. */
  readonly outcomes: Readonly<Record<string, number>>
  /** How often each planned fault was reached. */
  readonly faultsReached: Readonly<Record<string, number>>
  /** Which of the user's `sometimes` were seen. */
  readonly sometimes: ReadonlySet<string>
  /** The config that served once the last step's transaction was over, before the world was healed. */
  readonly served: unknown
  /** How much virtual time passed, in milliseconds. */
  readonly virtualMs: number
}

/**
 * Plays one scenario: the same machines, runner and store as in production, on virtual time. After its steps the world is
 * healed, one fresh valid document is published, and quiet is required, in sync, with that document serving and nothing
 * leaked. Scenarios that are played at the same time wait for each other.
 *
 * @throws SimulationError `simulate.no-progress`
 */
export const runScenario = async <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> => {
  await strayErrorsOut()
  return play(scenario, subject)
}

/** As {@link runScenario}, for one history after the other: what went astray before was heard by the one before. */
export const play = <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> =>
  inTurn(() => playAlone(scenario, subject))

const playAlone = async <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> => {
  const world = new World(subject, scenario)
  const letGo = hearStrayErrors((error, stray) => {
    const what = stray === 'rejection' ? 'a rejection that nobody handles' : 'an exception that nobody catches'
    world.chronicle.breach('G13', `${what} would end the process: ${errorText(error)}`, error)
  })
  let served: unknown
  try {
    served = await playOn(world)
  } finally {
    await letGo()
  }
  const { violations, trace, outcomes, faultsReached, sometimes, noProgress } = world.chronicle
  if (noProgress !== undefined) {
    const message = `${noProgress}, waits for the real world: give it a part without real I/O\n\n${traceText(trace)}`
    throw new SimulationError('simulate.no-progress', message, { scenario })
  }
  return { violations, trace, outcomes, faultsReached, sometimes, served, virtualMs: world.clock.monotonic() }
}

/** Plays all of it, on virtual globals where that is asked for; returns what served before the world was healed. */
const playOn = async <Config>(world: World<Config>): Promise<unknown> => {
  const isVirtual = world.subject.globals === 'virtual'
  const restore = isVirtual ? installVirtualGlobals(() => world.life?.process.clockFor() ?? world.clock) : () => {}
  try {
    return await history(world)
  } finally {
    restore()
    world.stop()
  }
}

const history = async <Config>(world: World<Config>): Promise<unknown> => {
  const { scenario, chronicle } = world
  const stepper = new Stepper(world as unknown as World<never>)
  await stepper.perform({ do: 'put', document: scenario.start })
  world.boot()
  await world.clock.advance(scenario.pauseMs ?? 0)
  for (const step of scenario.steps) {
    await stepper.perform(step)
    await pause(world)
    if (chronicle.violations.length > 0 || chronicle.noProgress !== undefined) break
  }
  await rest(world)
  const served =
    world.life?.hasFailed === false ? world.life.reloader.status().serving && world.life.reloader.config : undefined
  if (chronicle.violations.length === 0) await heal(world, stepper, scenario)
  return served
}

const pause = async <Config>({ clock, scenario, life }: World<Config>): Promise<void> => {
  if (scenario.pauseMs === undefined) return
  await clock.advance(scenario.pauseMs)
  life?.look()
}

/** Lets time pass until no transaction runs: what the last step has begun is over then, and no retry has begun. */
const rest = async <Config>(world: World<Config>): Promise<void> => {
  for (let waited = 0; waited < settleMs && world.life?.isResting === false; waited += 50) await world.clock.advance(50)
}

/** Nothing fails any more; what is then not well was left behind by what failed before. */
const heal = async <Config>(world: World<Config>, stepper: Stepper, scenario: Scenario): Promise<void> => {
  const settle = () => (scenario.confirmMs === undefined ? world.clock.advance(settleMs) : confirmAll(world, stepper))
  world.heal()
  const healedAt = world.clock.now()
  const acts: readonly (() => Promise<void> | void)[] = [
    settle,
    async () => {
      if (world.life?.isAlive === true) return
      await stepper.perform({ do: 'put', document: scenario.start })
      await settle()
      if (world.life?.isAlive !== false) return
      world.boot() // a first start needs a document that can serve
      await settle()
    },
    () => stepper.perform({ do: 'unfreeze' }),
    () => stepper.perform({ do: 'release' }),
    settle,
    () => requireNewest(world, healedAt),
    () => stepper.perform({ do: 'put', document: scenario.last }),
    settle,
    () => requireWell(world),
    () => stepper.close(),
  ]
  for (const act of acts) {
    await act()
    const { violations, noProgress } = world.chronicle
    if (violations.length > 0 || noProgress !== undefined) return // what comes after would only hide it
  }
}

/** Somebody says yes to whatever waits for a word. */
const confirmAll = async <Config>(world: World<Config>, stepper: Stepper): Promise<void> => {
  for (let waited = 0; waited < settleMs; waited += 1_000) {
    await world.clock.advance(1_000)
    if (world.life?.reloader.status().confirmation === undefined) continue
    await stepper.perform({ do: 'confirm' })
  }
}

/** G11: no change has been lost on the way. What the source holds serves, if it is a document that can. */
const requireNewest = async <Config>(
  { life, source, subject, chronicle }: World<Config>,
  healedAt: number,
): Promise<void> => {
  const { parse, policies } = subject.options ?? {}
  if (life?.isAlive !== true || parse !== undefined || policies !== undefined) return
  const reading = await source.read(new AbortController().signal)
  if (reading.kind !== 'document' || !(await isConfig(reading.content, subject))) return
  const { serving } = life.reloader.status()
  if (isSameRevision(serving?.revision, reading.revision)) return
  // Nothing fails by plan any more: a module that has refused it since then has done so by itself.
  const last = life.records.findLast(({ revision }) => isSameRevision(revision, reading.revision))
  const isRefused = last?.outcome === 'rolled-back' && last.failures[0].module !== undefined
  if (isRefused && last.startedAt >= healedAt) return
  chronicle.breach('G11', `revision ${reading.revision.name} can be applied, and ${serving?.revision.name} serves`)
}

const isConfig = async <Config>(content: unknown, { schema }: Subject<Config>): Promise<boolean> => {
  try {
    const document: unknown = typeof content === 'string' ? JSON.parse(content) : content
    return (await schema['~standard'].validate(document)).issues === undefined
  } catch {
    return false
  }
}

const whyNot = (record: TransactionRecord | undefined): string => {
  if (record === undefined || !('failures' in record)) return ''
  const [{ code, module }] = record.failures
  return `: ${record.outcome} by ${code}${module === undefined ? '' : ` (${module})`}`
}

const requireWell = <Config>(world: World<Config>): void => {
  const { life } = world
  if (life === undefined || life.hasFailed) return world.chronicle.breach('heal', 'the service does not start any more')
  const status = life.reloader.status()
  const { state, inSync, degraded, modules } = status
  if (!isSameRevision(status.serving?.revision, world.source.revision))
    world.chronicle.breach('heal', `the last document does not serve${whyNot(life.records.at(-1))}`)
  if (life.unanswered > 0) world.chronicle.breach('answers', `${life.unanswered} calls wait for ever`)
  if (state !== 'committed') world.chronicle.breach('heal', `it rests in ${state}`)
  if (!inSync) world.chronicle.breach('heal', 'what serves is not the newest document')
  if (degraded.length > 0) world.chronicle.breach('heal', `${degraded.join()} are degraded`)
  if (status.serving === undefined) return world.chronicle.breach('heal', 'nothing serves')
  for (const [name, { live, leaked, state: of }] of Object.entries(modules)) {
    if (leaked > 0 && waitsForReal(name, 'close', life.process))
      world.chronicle.noProgress ??= `module ${name}, in close`
    if (leaked > 0 && !world.plan.wasHung(name))
      world.chronicle.breach('G18', `${name} has ${leaked} leaks though every close ended`)
    if (live > (of === 'off' ? 0 : 1)) world.chronicle.breach('heal', `${name} has ${live} live generations`)
  }
  life.look()
}
