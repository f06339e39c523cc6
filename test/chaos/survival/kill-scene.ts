import type { Config, Service } from './service.ts'

/** Where a service is killed: before the step of this label, or while the system is at it. */
export interface Kill {
  readonly folder: string
  readonly label: string
  readonly when: 'before' | 'during'
}

/** A line of output. */
export interface Line {
  /** Which of the services in the process says it. */
  readonly index: number
  /** At a tick nothing can wait. */
  readonly kind: 'tick' | 'wait'
  /** The name of the step, and the how manyth of this name it is. */
  readonly label: string
}

export const lineOf = ({ index, kind, label }: Line): string => `${index} ${kind} ${label}\n`

export const parseLine = (line: string): Line => {
  const [index, kind, ...words] = line.split(' ')
  return { index: Number(index), kind: kind === 'tick' ? 'tick' : 'wait', label: words.join(' ') }
}

/** What a process that will be killed may do beside its service. */
export interface Stage {
  readonly service: Service
  readonly folder: string
  /** Names what is about to be done; it may be killed there. */
  readonly say: (name: string) => Promise<void>
  /** Resolves when the reload machine enters this state. */
  readonly state: (name: string) => Promise<void>
  /** Resolves when a transaction ends so: `committed 4`, `rolled-back`. */
  readonly record: (outcome: string) => Promise<void>
}

/** From the first line that begins so one of these is true; of several turns that were reached the last one counts. */
type Turns<T> = readonly (readonly [line: string, ...oneOf: T[]])[]

export interface KillScene {
  /** Values that have become good before, oldest first. */
  readonly goods: readonly number[]
  /** The newest good holds a document that the schema refuses by now. */
  readonly isNewestRefused?: boolean
  /** What the source holds when the process starts. */
  readonly document: Config
  readonly soakMs?: number
  readonly withinMs?: number
  /** What the process does once something serves. */
  readonly act: (stage: Stage) => Promise<void>
  /** The line before which all is as in another scene. */
  readonly from: string
  /** Goods that are on the disk at every moment. */
  readonly keeps?: readonly number[]
  /** The steps that matter, in the order that matters. */
  readonly order: readonly string[]
  /** What is served by a process that starts with the source gone. */
  readonly serves: Turns<number | undefined>
  /** What is served in the end with the source there, where changes are not frozen any more. */
  readonly ends: Turns<number>
  /** True where the death counts as one of the attempt. */
  readonly counts?: Turns<boolean>
  /** True where changes are frozen after the restart. */
  readonly freezes?: Turns<boolean>
}

/** Ends the scene. */
export const close = async ({ service, say }: Stage): Promise<void> => {
  await say('close')
  await service.reloader.close()
}

/** The steps in which a value becomes the last known good. */
export const promotion = (value: number): string[] => [`save good=${value} #1`, `sync folder good=${value} #1`]

/** What a process does that waits for the end of a transaction, and closes. */
export const closesAfter =
  (outcome: string): KillScene['act'] =>
  async (stage) => {
    await stage.record(outcome)
    await close(stage)
  }

/** What serves while a value becomes the last known good. */
export const servesPromoted = (before: number | undefined, value: number): KillScene['serves'] => [
  ['', before],
  [`rename good=${value}`, before, value],
  [`sync folder good=${value}`, value],
]

/** When a death counts as one of the attempt that promotes a value. */
export const countsUntilPromoted = (value: number): NonNullable<KillScene['counts']> => [
  ['', false],
  ['rename journal #1', true, false],
  [`prepare a ${value}`, true],
  [`rename good=${value}`, true, false],
  [`sync folder good=${value}`, false],
]
