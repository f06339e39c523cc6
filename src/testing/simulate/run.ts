import { isSameRevision } from '../../model/revision.ts'
import { installVirtualGlobals } from './globals.ts'
import { settleMs } from './limits.ts'
import type { Scenario } from './scenario.ts'
import { SimulationError } from './simulation-error.ts'
import { Stepper } from './steps.ts'
import type { Subject, Violation } from './subject.ts'
import { type TraceEvent, traceText } from './trace.ts'
import { World } from './world.ts'

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

/** The trace of a run as text: equal for equal scenarios, byte for byte. */
export const textOf = ({ trace }: RunResult): string => traceText(trace)

/**
 * Plays one scenario: the same machines, runner and store as in production, on virtual time. After its steps the world is
 * healed, one fresh valid document is published, and quiet is required, in sync, with that document serving and nothing leaked.
 */
export const runScenario = async <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> => {
  const world = new World(subject, scenario)
  const restore =
    subject.globals === 'virtual'
      ? installVirtualGlobals(() => world.life?.process.moduleClock ?? world.clock)
      : undefined
  const onRejection = (): void =>
    world.chronicle.breach('G13', 'a rejection that nobody handles: it would end the process')
  process.on('unhandledRejection', onRejection)
  let served: unknown
  try {
    const stepper = new Stepper(world as unknown as World<never>)
    await stepper.perform({ do: 'put', document: scenario.start })
    world.boot()
    await world.clock.advance(scenario.pauseMs ?? 0)
    for (const step of scenario.steps) {
      await stepper.perform(step)
      await pause(world)
      if (world.chronicle.violations.length > 0 || world.chronicle.noProgress !== undefined) break
    }
    await rest(world)
    served =
      world.life?.hasFailed === false ? world.life.reloader.status().serving && world.life.reloader.config : undefined
    if (world.chronicle.violations.length === 0) await heal(world, stepper, scenario)
  } finally {
    process.off('unhandledRejection', onRejection)
    world.crash()
    restore?.()
  }
  if (world.chronicle.noProgress !== undefined) {
    const message = `module ${world.chronicle.noProgress}, waits for the real world: give it a part without real I/O\n\n${traceText(world.chronicle.trace)}`
    throw new SimulationError('simulate.no-progress', message, { scenario })
  }
  const { violations, trace, outcomes, faultsReached, sometimes } = world.chronicle
  return { violations, trace, outcomes, faultsReached, sometimes, served, virtualMs: world.clock.monotonic() }
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
  await settle()
  if (world.life?.isAlive !== true) {
    // A first start needs a document that can serve.
    await stepper.perform({ do: 'put', document: scenario.start })
    await stepper.perform({ do: 'crash' })
    await settle()
  }
  await stepper.perform({ do: 'unfreeze' })
  await stepper.perform({ do: 'release' })
  await settle()
  await requireNewest(world)
  await stepper.perform({ do: 'put', document: scenario.last })
  await settle()
  requireWell(world)
  await stepper.close()
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
const requireNewest = async <Config>({ life, source, subject, chronicle }: World<Config>): Promise<void> => {
  const { parse, policies } = subject.options ?? {}
  if (life?.isAlive !== true || parse !== undefined || policies !== undefined) return
  const reading = await source.read(new AbortController().signal)
  if (reading.kind !== 'document' || !(await isConfig(reading.content, subject))) return
  const { serving } = life.reloader.status()
  if (isSameRevision(serving?.revision, reading.revision)) return
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

const requireWell = <Config>(world: World<Config>): void => {
  const { life } = world
  if (life === undefined || life.hasFailed) return world.chronicle.breach('heal', 'the service does not start any more')
  const status = life.reloader.status()
  const { state, inSync, degraded, modules } = status
  if (life.unanswered > 0) world.chronicle.breach('answers', `${life.unanswered} calls wait for ever`)
  if (state !== 'committed') world.chronicle.breach('heal', `it rests in ${state}`)
  if (!inSync) world.chronicle.breach('heal', 'what serves is not the newest document')
  if (degraded.length > 0) world.chronicle.breach('heal', `${degraded.join()} are degraded`)
  if (status.serving === undefined) return world.chronicle.breach('heal', 'nothing serves')
  if (!isSameRevision(status.serving.revision, world.source.revision))
    world.chronicle.breach('heal', 'the last document does not serve')
  for (const [name, { live, leaked, state: of }] of Object.entries(modules)) {
    if (leaked > 0 && !world.plan.wasHung(name))
      world.chronicle.breach('G18', `${name} has ${leaked} leaks though every close ended`)
    if (live > (of === 'off' ? 0 : 1)) world.chronicle.breach('heal', `${name} has ${live} live generations`)
  }
  life.look()
}
