import { createReloader, defineApplier, type Reloader, type Source, SourceError, type SourceEvent } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { z } from 'zod'

const Config = z.strictObject({ version: z.number() })
export type Config = z.infer<typeof Config>

type Misdeed = () => unknown

/** The places of user code; each one misbehaves in turn, while all the others behave. */
export const places = [
  'listener',
  'listener select',
  'logger',
  'policy',
  'select',
  'schema',
  'parse',
  'prepare',
  'defer',
  'report',
  'generation',
  'late generation',
  'commit',
  'rollback',
  'check',
  'close',
  'apply',
  'undo',
  'compensating close',
  'health check',
  'source read',
  'source watch',
  'source event',
  'source watch return',
  'source close',
  'random',
  'lease',
  'use',
  'prepare timer',
  'apply timer',
  'prepare signal',
  'apply signal',
  'check signal',
  'health check signal',
  'source read signal',
  'source watch signal',
] as const
export type Place = (typeof places)[number]

/** Listens to a signal in all ways, each of which misbehaves. Resolves when the signal aborts. */
const listenBadly = async (signal: AbortSignal, misdeed: Misdeed): Promise<void> => {
  signal.addEventListener('abort', misdeed)
  signal.addEventListener('abort', { handleEvent: misdeed }, { once: true })
  signal.onabort = misdeed
  EventTarget.prototype.addEventListener.call(signal, 'abort', () => ignoreRejection(misdeed()))
  const derived = AbortSignal.any([signal, new AbortController().signal])
  // A promise that the listener of another signal returns is detached: it is the misdeed's alone.
  derived.addEventListener('abort', () => ignoreRejection(misdeed()))
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
}

const ignoreRejection = (value: unknown): void => {
  new Promise((resolve) => resolve(value)).catch(() => {})
}

/** Makes a memory source that a test can make misbehave. */
const spoiledSource = (
  act: <T>(place: Place, good: () => T) => T,
  listen: (place: Place, signal: AbortSignal) => Promise<void> | undefined,
) => {
  const inner = memorySource({ version: 0 })
  const source: Source = {
    name: 'spoiled',
    endpoint: 'memory',
    read: (signal) => {
      const read = () => act('source read', () => inner.read(signal))
      return listen('source read signal', signal)?.then(read) ?? read()
    },
    watch: (after, signal) =>
      act('source watch', () => {
        void listen('source watch signal', signal)
        const iterator = inner.watch(after, signal)[Symbol.asyncIterator]()
        return {
          [Symbol.asyncIterator]: () => ({
            next: async () => {
              const result = await iterator.next()
              return result.done === true
                ? result
                : { done: false, value: (await act('source event', async () => result.value)) as SourceEvent }
            },
            return: () =>
              act('source watch return', async () => {
                await iterator.return?.()
                return { done: true as const, value: undefined }
              }),
          }),
        }
      }),
    close: () => act('source close', () => inner.close()),
  }
  return { inner, source }
}

/** Creates a service with user code in every place. `spoil` makes one place misbehave; `heal` ends that. */
export const createSpoiledService = (place: Place, misdeed: Misdeed) => {
  const clock = createVirtualClock()
  let isSpoiled = false
  let seen = 0
  const act = <T>(at: Place, good: () => T): T => (isSpoiled && at === place ? (misdeed() as T) : good())
  const listen = (at: Place, signal: AbortSignal): Promise<void> | undefined =>
    isSpoiled && at === place ? listenBadly(signal, misdeed) : undefined
  const { inner, source } = spoiledSource(act, listen)
  const hook = (at: Place) => () => act(at, () => undefined)
  const log = hook('logger')
  const failing = () => place === 'rollback' || place === 'undo'
  const checkHealth = async (_: Config, signal: AbortSignal): Promise<void> => {
    await listen('health check signal', signal)
    await act('health check', async () => undefined)
  }
  const reloader = createReloader<Config>({
    source,
    schema: {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (value) => act('schema', () => Config['~standard'].validate(value)),
      },
    },
    parse: (text) => act('parse', () => JSON.parse(text)),
    logger: { debug: log, info: log, warn: log, error: log },
    policies: [() => act('policy', () => undefined)],
    soak: { durationMs: 50, intervalMs: 10, checks: [checkHealth] },
    deadlines: {
      readMs: 100,
      validateMs: 100,
      prepareMs: 100,
      applyMs: 100,
      checkMs: 100,
      closeMs: 100,
      leaseMs: 100,
      graceMs: 10,
    },
    clock,
    reconcileMs: 1_000,
    random: () => act('random', () => 0.5),
    sourceBackoff: { minMs: 10, maxMs: 50 },
    repair: { minMs: 10, maxMs: 50 },
  })
    .use('main', (config) => act('select', () => config), {
      prepare: (next: Config, context) => {
        const { defer, report } = context
        if (isSpoiled && place === 'prepare timer') context.clock.setTimeout(misdeed as () => void, 1)
        defer(() => act('defer', () => undefined))
        if (isSpoiled && place === 'defer') throw new Error('so that it is cleaned up')
        if (isSpoiled && place === 'report') (async () => report(await misdeed()))().catch(report)
        const good = () => ({
          instance: next.version,
          commit: () => act('commit', () => undefined),
          rollback: () => act('rollback', () => undefined),
          check: async (signal: AbortSignal) => {
            await listen('check signal', signal)
            await act('check', async () => undefined)
          },
          close: () => act('close', async () => undefined),
        })
        if (isSpoiled && place === 'late generation') {
          return new Promise((resolve) => clock.setTimeout(() => resolve(undefined), 150)).then(misdeed) as never
        }
        const listening = listen('prepare signal', context.signal)
        return listening === undefined ? act('prepare', () => act('generation', good)) : listening.then(good)
      },
    })
    .use(
      'last',
      (config) => config,
      defineApplier<Config>({
        apply: (_, __, { direction, signal, clock }) => {
          if (isSpoiled && place === 'apply timer') clock.setTimeout(misdeed as () => void, 1)
          if (isSpoiled && failing() && direction === 'forward')
            throw new Error('so that there is something to roll back')
          return (
            listen('apply signal', signal) ?? act(direction === 'forward' ? 'apply' : 'undo', async () => undefined)
          )
        },
        close: () => act('compensating close', async () => undefined),
      }),
      { after: ['main'] },
    )
  reloader.subscribe(
    (config) => act('listener select', () => config.version),
    (next) =>
      act('listener', () => {
        seen = next ?? seen
      }),
  )
  return {
    clock,
    source: inner,
    reloader: reloader as Pick<Reloader<Config>, 'start' | 'config' | 'status' | 'lease' | 'reload' | 'plan' | 'close'>,
    /** The version with which the listener was last called. */
    seen: () => seen,
    use: () => reloader.modules.main.use(hook('use')),
    lease: () => reloader.lease(hook('lease')),
    spoil: () => {
      isSpoiled = true
    },
    heal: () => {
      isSpoiled = false
    },
    breakWatch: () => inner.breakWatch(new SourceError('source.closed').code),
  }
}
