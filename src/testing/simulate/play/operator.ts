import type { TransactionRecord } from '../../../model/record.ts'
import { rotationOf, type SeenModule } from '../check/reference-model.ts'
import type { OperatorCommand } from '../scenario/scenario.ts'
import type { SimulatedService } from './service.ts'
import type { Simulation } from './simulation.ts'

/** Outcomes after which a refresh is still to come. */
const goesOn = new Set(['rolled-back', 'degraded', 'superseded'])

/** Gives a command as an operator does. A command that is refused is part of the history. */
export const giveCommand = (simulation: Simulation<never>, command: OperatorCommand, module?: string): void => {
  const { service, clock, log } = simulation
  if (service?.isAlive !== true) return
  const { reloader, isResting, process, oracle } = service
  const status = reloader.status()
  const epoch = oracle.currentEpoch(isResting)
  oracle.onCommand(command, status)
  const refreshed = command === 'refresh' || command === 'force' ? process.model.rotate(module) : []
  const { rotation } = process.model
  const refresh = reloader.refresh as unknown as (...names: readonly string[]) => Promise<TransactionRecord>
  const result: Promise<unknown> = {
    reload: () => reloader.reload(),
    freeze: () => reloader.freeze('simulated'),
    unfreeze: () => reloader.unfreeze(),
    revert: () => reloader.revert(),
    retry: () => reloader.retry(),
    release: () => reloader.release(),
    confirm: () => reloader.confirm(status.confirmation?.transaction ?? 'none'),
    refresh: () => (module === undefined ? refresh() : refresh(module)),
    force: () => reloader.reload({ force: true }),
  }[command]()
  service.pendingCommands += 1
  const onSettled = (): void => {
    service.pendingCommands -= 1
  }
  result.then(onSettled, onSettled)
  if (refreshed.length > 0) {
    const onRefreshed = (record: unknown): void =>
      noteRefreshed(simulation, service, refreshed, rotation, record as TransactionRecord)
    result.then(onRefreshed, () => {})
  }
  if (command !== 'freeze' && command !== 'revert') return
  // A module that is called at once may have killed the process, and its writes with it.
  if (process.isDead) return
  process.model.wasFrozen = true
  if (reloader.status().frozen !== undefined) return oracle.onFrozen(epoch, clock.monotonic())
  const onAccepted = (): void => log.breach('freeze', `${command}() succeeded, but status() is not frozen`)
  result.then(onAccepted, () => {})
}

/** Checks what the answer to a refresh promises: after a commit, the modules have read the rotated file. */
const noteRefreshed = (
  { log }: Simulation<never>,
  { isAlive, process }: SimulatedService<never>,
  modules: readonly SeenModule[],
  rotation: number,
  { outcome }: TransactionRecord,
): void => {
  if (!isAlive || process.model.isClosing) return
  // An earlier transaction may have refreshed them on the way.
  const isDone = outcome === 'committed' || outcome === 'unchanged'
  for (const module of modules) {
    if (goesOn.has(outcome)) module.refreshedTo = Math.max(module.refreshedTo, rotation)
    if (!isDone) continue
    module.pendingRefreshes -= 1 // another outcome may leave it to a later transaction
    if (isStale(module, rotation))
      log.breach('refresh', `${module.name} serves what it had prepared before the refresh`)
  }
}

/** True if the module serves what was prepared before this rotation. */
export const isStale = (module: SeenModule, rotation: number): boolean => (rotationOf(module) ?? rotation) < rotation
