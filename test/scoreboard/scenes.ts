/** The ten faults. Each scene brings one about, looks at the service, and ends or throws a finding. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Finding, type ServiceProcess } from './service-process.ts'
import type { Trap, View } from './model.ts'
import { type Store, until } from './stores/store.ts'

/** What a change may take, while nothing is wrong and after a server has been away. */
const ARRIVES_WITHIN_MS = 20_000
const RECOVERS_WITHIN_MS = 60_000
/** Time in which a service notices what has been done to it. */
const NOTICE_MS = 3_000
const OUTAGE_MS = 5_000
const RESETTING_MS = 10_000

/** Bounds of what a service may do to a server that resets it. */
const MAX_ATTEMPTS_PER_SECOND = 20
const MAX_CPU_PERCENT = 50

export interface Stage {
  readonly store: Store
  readonly start: () => Promise<ServiceProcess>
}

/** What a passed scene says. */
export interface Result {
  readonly why: string
  readonly figure?: string
}

const show = ({ config, parts }: View): string => {
  const { left, right } = config ?? {}
  const read = left === undefined && right === undefined ? 'no config' : `config ${left ?? 'none'}/${right ?? 'none'}`
  return `${read}, parts ${parts.first ?? 'none'} and ${parts.second ?? 'none'}`
}

const isServing = ({ config, parts }: View, version: number): boolean =>
  [config?.left, config?.right, parts.first, parts.second].every((found) => found === `${version}`)

/** Waits for a version to serve in config and parts; gives how long it took. */
const arrives = async (service: ServiceProcess, version: number, limitMs = ARRIVES_WITHIN_MS): Promise<number> => {
  const from = performance.now()
  let view: View | undefined
  const isThere = await until(async () => {
    view = await service.look()
    return isServing(view, version)
  }, limitMs)
  if (isThere) return Math.round(performance.now() - from)
  const state = view === undefined ? '' : `; ${show(view)}`
  throw new Finding('lost', `change ${version} has not arrived after ${limitMs / 1000} s${state}`)
}

/** Throws unless config and parts are of one version, and of that one where it is given. */
const expectWhole = (view: View, version?: number): void => {
  const { config, parts } = view
  const [left, right] = [config?.left, config?.right]
  if (left === undefined || right === undefined) throw new Finding('emptied', `the good config is gone: ${show(view)}`)
  if (left !== right || parts.first !== left || parts.second !== left) throw new Finding('mixed', show(view))
  if (version !== undefined && !isServing(view, version)) {
    throw new Finding('mixed', `${show(view)}, where ${version} was the last good one`)
  }
}

const expectOrder = ({ mixes, backwards }: View): void => {
  if (mixes[0] !== undefined) throw new Finding('mixed', mixes[0])
  if (backwards[0] !== undefined) throw new Finding('backwards', backwards[0])
}

/** Starts the service and shows by a change that it is followed: what fails later is the fault's doing. */
const followed = async ({ store, start }: Stage): Promise<ServiceProcess> => {
  await store.put(1)
  const service = await start()
  try {
    await arrives(service, 1)
    // Some clients need a moment between the first fetch and the first notification.
    await sleep(1_000)
    await store.put(2)
    await arrives(service, 2)
  } catch (error) {
    // Not a finding: nothing was done to the peer yet, so the fault is more likely ours.
    throw new Error('the peer does not follow the store even before the fault', { cause: error })
  }
  return service
}

/** Where a finding does not end the scene, says what becomes of a later change, and then throws it. */
const afterwards = async (finding: unknown, later: () => Promise<number>): Promise<never> => {
  if (!(finding instanceof Finding) || finding.word === 'ended') throw finding
  const fate = await later().then(
    () => 'a later change arrives',
    (error: unknown) => (error instanceof Finding ? error.message : String(error)),
  )
  throw new Finding(finding.word, `${finding.message}; ${fate}`)
}

const trapped =
  (trap: Trap) =>
  async (stage: Stage): Promise<Result> => {
    const service = await followed(stage)
    await stage.store.put(3, trap)
    const later = async (): Promise<number> => {
      await stage.store.put(4)
      return arrives(service, 4)
    }
    let view: View
    try {
      const isSprung = await until(async () => (await service.look()).trapped > 0, ARRIVES_WITHIN_MS)
      if (!isSprung) throw new Finding('lost', 'the first part was never told of the change')
      await sleep(NOTICE_MS)
      view = await service.look()
      expectWhole(view)
    } catch (finding) {
      return afterwards(finding, later)
    }
    await later()
    return { why: `all served ${view.config?.left} meanwhile; the next change arrived` }
  }

const unusable =
  (spoil: (store: Store) => Promise<unknown>) =>
  async (stage: Stage): Promise<Result> => {
    const service = await followed(stage)
    await spoil(stage.store)
    const later = async (): Promise<number> => {
      await stage.store.put(3)
      return arrives(service, 3)
    }
    await sleep(NOTICE_MS)
    try {
      expectWhole(await service.look(), 2)
    } catch (finding) {
      return afterwards(finding, later)
    }
    await later()
    return { why: 'the last good config went on serving; the next change arrived' }
  }

const together = async (stage: Stage): Promise<Result> => {
  const service = await followed(stage)
  for (let version = 3; version <= 50; version++) {
    await stage.store.put(version)
    await sleep(20)
  }
  await arrives(service, 50)
  expectOrder(await service.look())
  return { why: 'in 50 changes no part was told and no reader saw one key without the other' }
}

const burst = async (stage: Stage): Promise<Result> => {
  const service = await followed(stage)
  for (let version = 3; version <= 1_002; version++) {
    await stage.store.put(version)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await arrives(service, 1_002)
  expectOrder(await service.look())
  await stage.store.put(1_003)
  await arrives(service, 1_003)
  return { why: 'the last of them served, none came after a newer one; the next change arrived' }
}

const resets = async (stage: Stage): Promise<Result> => {
  const { store } = stage
  const service = await followed(stage)
  store.reset()
  const [before, attempts] = [await service.look(), store.attempts()]
  await sleep(RESETTING_MS)
  const view = await service.look()
  expectWhole(view, 2)
  const perSecond = (store.attempts() - attempts) / (RESETTING_MS / 1000)
  const cpu = ((view.cpuMs - before.cpuMs) / RESETTING_MS) * 100
  const figure = `${perSecond < 10 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString('en')}/s`
  const load = `${figure.replace('/s', '')} attempts a second, ${Math.round(cpu)} % of a core`
  await store.up()
  await store.put(3)
  const recovered = await arrives(service, 3, RECOVERS_WITHIN_MS).then(
    () => 'the next change arrived',
    (finding: unknown) => finding,
  )
  if (typeof recovered !== 'string') {
    const why = recovered instanceof Finding ? recovered.message : String(recovered)
    throw new Finding('lost', `${load}; ${why}`, figure)
  }
  if (perSecond > MAX_ATTEMPTS_PER_SECOND || cpu > MAX_CPU_PERCENT) {
    throw new Finding('storm', `${load}; ${recovered}`, figure)
  }
  return { why: `${load}; ${recovered}`, figure }
}

const outage = async (stage: Stage): Promise<Result> => {
  const { store } = stage
  const service = await followed(stage)
  await store.down()
  await sleep(1_000)
  await store.put(3)
  await store.put(4)
  await store.forget()
  await sleep(OUTAGE_MS - 1_000)
  expectWhole(await service.look(), 2)
  await store.up()
  const later = async (): Promise<number> => {
    await store.put(5)
    return arrives(service, 5)
  }
  try {
    await arrives(service, 4, RECOVERS_WITHIN_MS)
  } catch (finding) {
    return afterwards(finding, later)
  }
  await later()
  return { why: 'what had changed meanwhile arrived, and the next change too' }
}

const failedFetch = async (stage: Stage): Promise<Result> => {
  const service = await followed(stage)
  await stage.store.putWithFailedFetch(3)
  const later = async (): Promise<number> => {
    await stage.store.put(4)
    return arrives(service, 4)
  }
  try {
    await arrives(service, 3, RECOVERS_WITHIN_MS)
  } catch (finding) {
    return afterwards(finding, later)
  }
  await later()
  return { why: 'the change arrived all the same, and the next one too' }
}

const coldStart = async (stage: Stage): Promise<Result> => {
  const { store, start } = stage
  await store.down()
  await store.put(1)
  const service = await start()
  await sleep(OUTAGE_MS)
  const { errors } = await service.look()
  await store.up()
  const later = async (): Promise<number> => {
    await store.put(2)
    return arrives(service, 2, ARRIVES_WITHIN_MS)
  }
  try {
    await arrives(service, 1, RECOVERS_WITHIN_MS)
  } catch (finding) {
    if (finding instanceof Finding && errors[0] !== undefined) finding.message += `; its first error: ${errors[0]}`
    return afterwards(finding, later)
  }
  await later()
  return { why: 'the config arrived once the server was there, and the next change too' }
}

/** In the order of the faults. */
export const scenes: readonly ((stage: Stage) => Promise<Result>)[] = [
  trapped('throw'),
  trapped('hang'),
  unusable((store) => store.putBroken()),
  unusable((store) => store.remove()),
  together,
  burst,
  resets,
  outage,
  failedFetch,
  coldStart,
]
