import type { TransactionRecord } from '../../../model/record.ts'
import { isSameRevision } from '../../../model/revision.ts'
import type { RunLog } from '../check/run-log.ts'
import type { Subject } from '../scenario/subject.ts'
import type { FaultPlan } from './fault-plan.ts'
import { isStale } from './operator.ts'
import type { SimulatedService } from './service.ts'
import type { Simulation } from './simulation.ts'
import type { StepPlayer } from './step-player.ts'
import { settleMs } from './time-budget.ts'

/** Ends all faults, and checks that the service recovers: what is wrong from then on was left behind by a fault. */
export const checkRecovery = async <Config>(simulation: Simulation<Config>, player: StepPlayer): Promise<void> => {
  const { scenario, clock, log } = simulation
  const settle = () => (scenario.confirmMs === undefined ? clock.advance(settleMs) : confirmAll(simulation, player))
  simulation.heal()
  log.note({ kind: 'step', text: 'every fault ends' })
  const healedAt = clock.now()
  const acts: readonly (() => Promise<void> | void)[] = [
    () => player.closeOutgoing(),
    settle,
    async () => {
      if (simulation.service?.isAlive === true) return
      await player.perform({ do: 'put', document: scenario.start })
      await settle()
      if (simulation.service?.isAlive !== false) return
      simulation.boot() // again, because a first start needs a document that can serve
      await settle()
    },
    () => checkRecoversAlone(simulation, healedAt),
    () => player.perform({ do: 'unfreeze' }),
    () => player.perform({ do: 'release' }),
    settle,
    async () => void (await checkNewestServes(simulation, healedAt)),
    () => player.perform({ do: 'put', document: scenario.last }),
    settle,
    () => checkHealthy(simulation),
    () => checkLeftovers(simulation),
    () => player.close(),
    () => clock.advance(settleMs), // a timer that only bounds a call may end later
    () => checkTimers(simulation),
  ]
  for (const act of acts) {
    await act()
    if (log.violations.length > 0 || log.noProgress !== undefined) return // later events would only hide it
  }
}

/** Checks that the newest document serves without a call, unless only a call can bring that about. */
const checkRecoversAlone = async <Config>(simulation: Simulation<Config>, healedAt: number): Promise<void> => {
  const { service, clock, log } = simulation
  if (service?.isAlive !== true) return
  const { status } = service.reloader
  const isWaiting = (): boolean => status().quarantine.some(({ nextTryAt }) => nextTryAt !== undefined)
  for (let waited = 0; isWaiting() && waited < 2 * settleMs; waited += 1_000) await clock.advance(1_000)
  service.checkInvariants()
  const { frozen, quarantine, inSync, degraded } = status()
  // Neither a freeze nor a quarantined document stops the repair of what serves.
  if (degraded.length > 0) log.breach('heal', `${degraded.join()} are not repaired without a call`)
  if (frozen !== undefined || quarantine.length > 0) return
  if (!(await checkNewestServes(simulation, healedAt))) return
  if (inSync) log.note({ kind: 'step', text: 'in sync without a call' })
  else log.breach('G11', 'the newest document serves, but status() says that it does not')
}

/** Checks that no module has kept a timer: one that is armed so long after the close is never stopped. */
const checkTimers = <Config>({ service, log }: Simulation<Config>): void => {
  for (const [module, count] of service?.process.moduleTimers ?? []) {
    log.breach('timers', `${module} has ${count} timers long after close()`)
  }
}

/** Checks what is left of single generations and prepares, long after their end: a timer, or a clean-up that was not run. */
const checkLeftovers = <Config>({ service, clock, log }: Simulation<Config>): void => {
  const { model } = service?.process ?? {}
  if (model === undefined) return
  const until = clock.monotonic() - settleMs
  for (const { id, module, closedAt, prepared } of model.generations) {
    const name = `${module} #${id}`
    const timers = closedAt === undefined || closedAt > until ? 0 : prepared.pendingTimers()
    if (timers > 0) log.breach('timers', `${name} has ${timers} timers long after its close`)
    if (prepared.cleanups > 0) log.breach('G3', `a clean-up of the prepare of ${name} was run, although it succeeded`)
  }
  for (const { module, failedAt, cleanups } of model.failedPrepares) {
    if (failedAt > until || cleanups === 1) continue
    log.breach('G3', `a clean-up of a prepare of ${module} that failed was run ${cleanups} times`)
  }
}

/** Lets time pass, and confirms every transaction that awaits a confirmation. */
const confirmAll = async <Config>(simulation: Simulation<Config>, player: StepPlayer): Promise<void> => {
  for (let waited = 0; waited < settleMs; waited += 1_000) {
    await simulation.clock.advance(1_000)
    if (simulation.service?.reloader.status().confirmation === undefined) continue
    await player.perform({ do: 'confirm' })
  }
}

/** Checks that no change was lost (G11): the document of the source serves, if it can. Returns true if it does. */
const checkNewestServes = async <Config>(
  { service, source, subject, log }: Simulation<Config>,
  healedAt: number,
): Promise<boolean> => {
  const { parse, policies } = subject.options ?? {}
  if (service?.isAlive !== true || parse !== undefined || policies !== undefined) return false
  const result = await source.read(new AbortController().signal)
  if (result.kind !== 'document' || !(await isValid(result.content, subject))) return false
  const { serving } = service.reloader.status()
  if (isSameRevision(serving?.revision, result.revision)) return true
  // No fault is active any more, so a module that has rejected the document since then did so on its own.
  const last = service.records.findLast(({ revision }) => isSameRevision(revision, result.revision))
  const isRefused = last?.outcome === 'rolled-back' && last.failures[0].module !== undefined
  if (isRefused && last.startedAt >= healedAt) return false
  log.breach('G11', `revision ${result.revision.name} can be applied, but ${serving?.revision.name} serves`)
  return false
}

const isValid = async <Config>(content: unknown, { schema }: Subject<Config>): Promise<boolean> => {
  try {
    const document: unknown = typeof content === 'string' ? JSON.parse(content) : content
    return (await schema['~standard'].validate(document)).issues === undefined
  } catch {
    return false
  }
}

/** Checks that the last document serves, and that nothing is degraded, pending or leaked. */
const checkHealthy = <Config>({ service, source, plan, log }: Simulation<Config>): void => {
  if (service === undefined || service.hasFailed) return log.breach('heal', 'the service does not start any more')
  const { serving, state, inSync, degraded } = service.reloader.status()
  if (!isSameRevision(serving?.revision, source.revision)) {
    log.breach('heal', `the last document does not serve${reasonIn(service.records.at(-1))}`)
  }
  if (service.pendingCommands > 0) log.breach('answers', `${service.pendingCommands} commands never settle`)
  if (state !== 'committed') log.breach('heal', `the reloader rests in ${state}`)
  if (!inSync) log.breach('heal', 'the config that serves is not that of the newest document')
  if (degraded.length > 0) log.breach('heal', `${degraded.join()} are degraded`)
  if (serving === undefined) return log.breach('heal', 'no config serves')
  checkAccounts(service, plan, log)
  checkRefreshed(service, log)
  service.checkInvariants()
}

/** Checks the accounts of all modules against the generations that were seen. */
const checkAccounts = <Config>({ process, reloader }: SimulatedService<Config>, plan: FaultPlan, log: RunLog): void => {
  for (const [name, { live, leaked, closed, state }] of Object.entries(reloader.status().modules)) {
    const { generations, modules } = process.model
    const seen = generations.filter(({ module, closedAt }) => module === name && closedAt !== undefined).length
    if (modules.get(name)?.isCompensating === false && seen !== closed) {
      log.breach('G18', `${name}: ${seen} closes have succeeded, but status() counts ${closed}`)
    }
    if (leaked > 0 && process.waitsForRealWorld(name, 'close')) log.noteNoProgress(`module ${name}, in close`)
    if (leaked > 0 && !plan.hadFaultyClose(name)) {
      log.breach('G18', `${name} has ${leaked} leaks although every close has ended`)
    }
    if (live > (state === 'off' ? 0 : 1)) log.breach('heal', `${name} has ${live} live generations`)
  }
}

const checkRefreshed = <Config>({ process }: SimulatedService<Config>, { breach }: Pick<RunLog, 'breach'>): void => {
  for (const module of process.model.modules.values()) {
    if (isStale(module, module.refreshedTo)) breach('refresh', `${module.name} has not been refreshed`)
  }
}

const reasonIn = (record: TransactionRecord | undefined): string => {
  if (record === undefined || !('failures' in record)) return ''
  const [{ code, module }] = record.failures
  return `: ${record.outcome} by ${code}${module === undefined ? '' : ` (${module})`}`
}
