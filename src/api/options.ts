import type { Clock } from './clock.ts'
import type { GoodStore } from './good-store.ts'
import type { MachineInspector } from './machine-inspector.ts'
import type { ConfigPath, DeepReadonly, Schema } from '../model/schema.ts'
import type { Source } from './source.ts'

/** What a reloader logs with: a pino logger, or anything with these four. */
export interface Logger {
  readonly debug: (data: object, message: string) => void
  readonly info: (data: object, message: string) => void
  readonly warn: (data: object, message: string) => void
  readonly error: (data: object, message: string) => void
}

/** Deadlines of one module's phases, in milliseconds. */
export interface ModuleDeadlines {
  /** Opening connections and warming caches. Default 30,000: a slow start is not an error. */
  readonly prepareMs?: number
  /** A compensating module's apply, and its undo. Default 30,000. */
  readonly applyMs?: number
  /** One answer of a check during the soak. Default 5,000. */
  readonly checkMs?: number
  /** Draining and releasing an old generation; after it the generation is reported as a leak. Default 30,000. */
  readonly closeMs?: number
  /** How long a call may take to end once its signal has aborted, before it is given up. Default 1,000. */
  readonly graceMs?: number
}

/** All deadlines, in milliseconds. */
export interface Deadlines extends ModuleDeadlines {
  /** One read of the source. Default 5,000. */
  readonly readMs?: number
  /** An asynchronous schema. Default 5,000. */
  readonly validateMs?: number
  /** One read or write of the last known good. Default 5,000. */
  readonly persistMs?: number
  /** How long leases may keep an old generation from being closed. Default 30,000. */
  readonly leaseMs?: number
}

/** The time after the commit in which a failed check swaps everything back. */
export interface SoakOptions<Config> {
  /** How long the new generations must hold. 0 turns the soak off. */
  readonly durationMs: number
  /** Between two rounds of checks. Default: a tenth of the duration, at least 100 and at most 5,000. */
  readonly intervalMs?: number
  /** Failed rounds in a row that end the soak. Default 1. */
  readonly failureThreshold?: number
  /** Health checks of the service as a whole, beside the `check`s of the modules; one that rejects has failed. */
  readonly checks?: readonly ((config: DeepReadonly<Config>, signal: AbortSignal) => Promise<void> | void)[]
}

/** Capped exponential back-off with full jitter, in milliseconds. */
export interface BackoffOptions {
  /** First delay. Default 200. */
  readonly minMs?: number
  /** Longest delay. Default 5,000: a source that returns is noticed soon, and one that is dead is asked gently. */
  readonly maxMs?: number
}

/** How long a config is quarantined, in milliseconds. What cannot pass, such as a commit that threw, has no expiry. */
export interface QuarantineOptions extends BackoffOptions {
  /** First expiry of what may pass: a deadline, a connection. It doubles with each failure. Default 5,000. */
  readonly minMs?: number
  /** Longest expiry of what may pass. Default 600,000. */
  readonly maxMs?: number
  /** Of a config that has killed the process `maxAttempts` times. Default 3,600,000. */
  readonly crashMs?: number
}

/** A condition of the soak that a person or a system meets. */
export interface ConfirmOptions {
  /** From the commit on, in milliseconds; at least as long as the soak. Then everything is as before. */
  readonly withinMs: number
}

export interface ReloaderOptions<Config> {
  /** Where documents come from. The reloader closes it. */
  readonly source: Source
  /** Any Standard Schema: zod, valibot, arktype. Let it refuse unknown keys (`z.strictObject`). */
  readonly schema: Schema<Config>
  /** Default: nothing is logged. */
  readonly logger?: Logger
  /** Paths whose values may be shown in logs, records and diffs, with all below them; all others are secret. Default none. */
  readonly public?: readonly ConfigPath<Config>[]
  /** Makes data of the document's text, by throwing refuses it. Default: strict JSON that also refuses duplicate keys. */
  readonly parse?: (text: string) => unknown
  /** Each may refuse a change by throwing; `previous` is undefined at the first start. Default none. */
  readonly policies?: readonly ((
    next: DeepReadonly<Config>,
    previous: DeepReadonly<Config> | undefined,
  ) => undefined | void)[]
  /** Largest document, in bytes of UTF-8. Default 1,572,864: the most that etcd takes. */
  readonly maxDocumentBytes?: number
  /** Modules prepared side by side. Default 8. */
  readonly concurrency?: number
  readonly deadlines?: Deadlines
  /** A duration in milliseconds, or more. Default 0, no soak; with `lastKnownGood` 10,000. */
  readonly soak?: number | SoakOptions<Config>
  /**
   * Where the last known good, the two before it and a journal are kept across restarts: the path of a file, beside
   * which the others stand, or a store of one's own. They hold whole documents: the files are readable by their owner
   * alone. Default: nothing is kept.
   */
  readonly lastKnownGood?: string | GoodStore
  /** Says which program this is: a config that killed one build is tried again by the next. Default: none. */
  readonly build?: string
  /** Deaths in a row after which a config is quarantined across restarts, with `lastKnownGood` alone. Default 3. */
  readonly maxAttempts?: number
  /** How long a config that failed in `applying` is not tried again. */
  readonly quarantine?: QuarantineOptions
  /** A change holds only once somebody has called `confirm`. Default: none is asked for. */
  readonly confirm?: ConfirmOptions
  /** Of reading an unreachable source. */
  readonly sourceBackoff?: BackoffOptions
  /** Of repairing degraded modules. Default from 1,000 to 60,000. */
  readonly repair?: BackoffOptions
  /** How often a silent watch is verified by a read, ± 10 % jitter. Default 60,000. */
  readonly reconcileMs?: number
  /**
   * An XState v5 inspector or observer, called with what the statecharts do: copies without config values. It looks and
   * does not act: what it throws is reported once for each machine and changes nothing. Default none, which costs nothing.
   */
  readonly inspect?: MachineInspector
  /** For tests and simulations. Default: the machine's. */
  readonly clock?: Clock
  /** Numbers from 0 to below 1, for jitter and transaction ids; for simulations. Default `Math.random`. */
  readonly random?: () => number
}
