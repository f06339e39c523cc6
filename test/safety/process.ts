import { createReloader, type ReloaderOptions, type Source, type TransactionRecord } from 'changeover'
import { createVirtualClock, type VirtualClock } from 'changeover/testing'
import { z } from 'zod'
import { type Call, type Hook, type Ledger, scriptedModule } from '../guarantees/scripted-modules.ts'
import type { FaultyStore } from './faulty-store.ts'

/** `crash` says when the process dies of the document: in the first prepare, or this long after the commit. */
export const Config = z.strictObject({
  value: z.number(),
  secret: z.string(),
  note: z.string().optional(),
  crash: z.union([z.literal('prepare'), z.number()]).optional(),
})
export type Config = z.infer<typeof Config>

/** The options that start a process: those of the reloader that the deployment does not provide. */
export interface BootOptions extends Partial<Omit<ReloaderOptions<Config>, 'source' | 'clock' | 'logger'>> {
  /** False: nothing is stored. Default true. */
  readonly persists?: boolean
}

interface Outside {
  readonly source: (isDead: () => boolean) => Source
  readonly store: FaultyStore
  readonly startAt: number
}

/** A line of the log. */
export interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly code: string | undefined
  readonly text: string
}

const createLog = () => {
  const lines: Line[] = []
  const write = (level: Line['level']) => (data: object, message: string) => {
    const { changeover } = data as { readonly changeover?: { readonly code?: string } }
    lines.push({ level, code: changeover?.code, text: `${message} ${JSON.stringify(data)}` })
  }
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  return { lines, logger }
}

/** The longest time that a close may take, whatever hangs. */
const CLOSING_MS = 300_000

/** Starts a service on a reloader whose two modules get the same value, so that a mix is visible. */
export const startProcess = ({ persists = true, ...options }: BootOptions, { source, store, startAt }: Outside) => {
  const virtual = createVirtualClock({ startAt })
  let shiftMs = 0
  const clock: VirtualClock = { ...virtual, now: () => virtual.now() + shiftMs }
  const ledger: Ledger = { calls: [], effects: {} }
  const a = scriptedModule('a', ledger)
  const b = scriptedModule('b', ledger)
  const log = createLog()
  let isDead = false
  let isClosed = false
  const kill = (): void => {
    isDead = true
  }
  // Counts the timers of the store, which do not belong to the reloader.
  let sleeping = 0
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      sleeping += 1
      clock.setTimeout(() => {
        sleeping -= 1
        resolve()
      }, ms)
    })

  const reloader = createReloader<Config>({
    source: source(() => isDead),
    schema: Config,
    clock,
    logger: log.logger,
    ...(persists ? { lastKnownGood: store.forProcess(() => isDead, sleep) } : {}),
    ...options,
  })
    .use('a', ({ value, note }) => ({ value, note }), a.applier)
    .use('b', ({ value }) => ({ value }), b.applier, { after: ['a'] })
  const records: TransactionRecord[] = []
  const collect = async (): Promise<void> => {
    for await (const record of reloader.transactions()) if (!isDead) records.push(record)
  }
  void collect()

  return {
    reloader,
    clock,
    modules: { a, b },
    records,
    lines: log.lines,
    /** Every call of a module's code so far, as `commit a2`. */
    get calls(): string[] {
      return ledger.calls.map(({ text }) => text)
    },
    clearCalls: (): void => {
      ledger.calls.length = 0
    },
    /** Sets how the modules behave, by the call and the value that they are called with. */
    react: (reaction: (call: Call) => unknown): void => {
      const hooks: readonly Hook[] = ['prepare', 'commit', 'check']
      const play = (): unknown => {
        const call = ledger.calls.at(-1)
        return call === undefined ? undefined : reaction(call)
      }
      for (const hook of hooks) for (const one of [a, b]) one.always(hook, play)
    },
    /** The value that both modules serve; a mix is an error. */
    get served(): number | undefined {
      if (reloader.status().serving === undefined) return undefined
      const values = [reloader.modules.a.current?.value, reloader.modules.b.current?.value, ledger.effects.a]
      const [first] = values
      if (values.some((value) => value !== first)) throw new Error(`a mix serves: ${values.join()}`)
      if (first !== undefined && reloader.config.value !== first) throw new Error('config and modules differ')
      return first
    },
    get last(): TransactionRecord | undefined {
      return records.at(-1)
    },
    get state(): string {
      return reloader.status().state
    },
    /** Lists the codes that were logged at this level. */
    codes: (level: Line['level']): (string | undefined)[] =>
      log.lines.filter((line) => line.level === level).map(({ code }) => code),
    get isOver(): boolean {
      return isDead || isClosed
    },
    /** Starts, and lets everything run that is due within `ms`. */
    start: async (ms = 0): Promise<void> => {
      const started = reloader.start()
      let error: unknown
      started.catch((reason: unknown) => {
        error = reason
      })
      await clock.advance(ms)
      if (error !== undefined) throw error
    },
    /** Waits on a timer that does not belong to the reloader. */
    sleep,
    advance: (ms: number): Promise<void> => clock.advance(ms),
    /** Sets the wall clock forward, or back if negative. Timers and the monotonic clock do not notice. */
    setWall: (ms: number): void => {
      shiftMs += ms
    },
    /** Kills the process like SIGKILL: nothing happens in it any more, and nothing is recorded. */
    kill,
    /** Ends the process with `close()`, and checks that nothing is left. */
    close: async (): Promise<void> => {
      a.heal()
      b.heal()
      void reloader.close().then(() => {
        isClosed = true
      })
      await clock.advance(0)
      for (let spent = 0; !isClosed && spent < CLOSING_MS; spent += 100) await clock.advance(100)
      if (!isClosed) throw new Error(`close() does not end: ${reloader.status().state}`)
      const open = [a, b].flatMap(({ name, made }) =>
        made.filter(({ closes }) => closes !== 1).map(({ generation, closes }) => `${name}${generation}: ${closes}`),
      )
      if (open.length > 0) throw new Error(`not closed exactly once: ${open.join()}`)
      const timers = clock.pending() - sleeping
      if (timers > 0) throw new Error(`${timers} timers are left`)
    },
  }
}

export type Process = ReturnType<typeof startProcess>
