import type { Config, Service } from './service.ts'

/** Where a service is killed: before the step of this label, or during its system call. */
export interface Kill {
  readonly folder: string
  readonly label: string
  readonly when: 'before' | 'during'
}

/** A line of output. */
export interface Line {
  /** The service in the process that prints the line. */
  readonly index: number
  /** A service cannot wait in a synchronous step. */
  readonly kind: 'sync' | 'wait'
  /** The name of the step, and a number that counts the steps of this name. */
  readonly label: string
}

export const lineOf = ({ index, kind, label }: Line): string => `${index} ${kind} ${label}\n`

export const parseLine = (line: string): Line => {
  const [index, kind, ...words] = line.split(' ')
  return { index: Number(index), kind: kind === 'sync' ? 'sync' : 'wait', label: words.join(' ') }
}

/** What a scene can use beside its service. */
export interface KillContext {
  readonly service: Service
  readonly folder: string
  /** Prints the name of the next step, in which the process may be killed. */
  readonly reach: (name: string) => Promise<void>
  /** Resolves when the reload machine enters this state. */
  readonly state: (name: string) => Promise<void>
  /** Resolves when a transaction ends like this: `committed 4`, `rolled-back`. */
  readonly record: (outcome: string) => Promise<void>
}

/** The possible results once a line with this prefix was printed; the last prefix that was reached counts. */
type Outcomes<T> = readonly (readonly [line: string, ...oneOf: T[]])[]

export interface KillScene {
  /** The values that have become good before, oldest first. */
  readonly goodValues: readonly number[]
  /** True if the newest good document is one that the schema now rejects. */
  readonly isNewestRefused?: boolean
  /** What the source holds when the process starts. */
  readonly document: Config
  readonly soakMs?: number
  readonly withinMs?: number
  /** Runs once something serves. */
  readonly act: (stage: KillContext) => Promise<void>
  /** The line before which everything is as in another scene. */
  readonly from: string
  /** The values that are stored on disk at every moment. */
  readonly storedValues?: readonly number[]
  /** The important steps, in their order. */
  readonly steps: readonly string[]
  /** What a process serves that starts without the source. */
  readonly servesAlone: Outcomes<number | undefined>
  /** What serves in the end, with the source and after an unfreeze. */
  readonly servesFinally: Outcomes<number>
  /** True if the kill counts as a crash of the attempt. */
  readonly countsAttempt?: Outcomes<boolean>
  /** True if changes are frozen after the restart. */
  readonly isFrozen?: Outcomes<boolean>
}

/** Ends the scene. */
export const close = async ({ service, reach }: KillContext): Promise<void> => {
  await reach('close')
  await service.reloader.close()
}

/** Lists the steps in which a value becomes the last known good. */
export const promotion = (value: number): string[] => [`save good=${value} #1`, `sync folder good=${value} #1`]

/** Makes a process that waits for the end of a transaction, and then closes. */
export const closeAfter =
  (outcome: string): KillScene['act'] =>
  async (stage) => {
    await stage.record(outcome)
    await close(stage)
  }

/** Returns what serves alone while a value becomes the last known good. */
export const servesWhilePromoting = (before: number | undefined, value: number): KillScene['servesAlone'] => [
  ['', before],
  [`rename good=${value}`, before, value],
  [`sync folder good=${value}`, value],
]

/** Returns when a kill counts as a crash of the attempt that promotes a value. */
export const countsUntilPromoted = (value: number): NonNullable<KillScene['countsAttempt']> => [
  ['', false],
  ['rename journal #1', true, false],
  [`prepare a ${value}`, true],
  [`rename good=${value}`, true, false],
  [`sync folder good=${value}`, false],
]
