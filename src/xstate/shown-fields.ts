import type { Candidate } from '../model/candidate.ts'
import type {
  AdmissionContext,
  AdmissionEvent,
  CommitVerdict,
  EpochInput,
  ReadVerdict,
  ReloadContext,
  ReloadEvent,
  RollBackVerdict,
  SourceVerdict,
  Untried,
  ValidateVerdict,
  ValidationInput,
  WatchContext,
  WatchMachineEvent,
} from '../../machines/index.ts'
import type { Revision } from '../model/revision.ts'

/** `true` shows a word, a number or a list of words; an object shows the fields that it names; nothing else is shown. */
export type Shown = true | { readonly [field: string]: Shown }

/** Each field of each kind of a union. */
type FieldsOf<T> = Record<T extends unknown ? keyof T : never, Shown>

const revision = { lineage: true, order: true, name: true } satisfies FieldsOf<Revision>
const candidate = {
  revision,
  isLastKnownGood: true,
  cannotServe: true,
  isRepeated: true,
} satisfies FieldsOf<Candidate>
const waiting = {
  candidate,
  trial: candidate,
  revert: candidate,
  read: true,
  secret: true,
  close: true,
} satisfies FieldsOf<ReloadContext['waiting']>
const untried = { candidate, until: true } satisfies FieldsOf<Untried>

const context = {
  soaks: true,
  confirms: true,
  persists: true,
  supersedesSoak: true,
  epoch: true,
  trigger: true,
  candidate,
  seen: revision,
  waiting,
  replacements: true,
  supersededEpoch: true,
  ending: true,
  isConfirmed: true,
  isWithdrawn: true,
  frozenMeanwhile: true,
  hasServed: true,
  degraded: true,
  soakFailed: true,
  untried,
  due: true,
  repairs: true,
  attempts: true,
  compactions: true,
  cause: true,
  readAgain: true,
  newest: candidate,
  gathered: true,
  burst: true,
  passedAt: true,
  windows: true,
} satisfies FieldsOf<ReloadContext | WatchContext | AdmissionContext>

/** What work answers with is shown apart from the rest of its event. */
type Answered = 'output' | 'error'

const event = { type: true, candidate, at: true, cause: true, actorId: true } satisfies Omit<
  FieldsOf<ReloadEvent | WatchMachineEvent | AdmissionEvent>,
  Answered
> & { readonly actorId: true }

const work = {
  epoch: true,
  seen: revision,
  trigger: true,
  candidate,
  degraded: true,
  soakFailed: true,
  ending: true,
} satisfies FieldsOf<EpochInput | ValidationInput> & { readonly seen: Shown; readonly ending: Shown }

const output = {
  kind: true,
  candidate,
  cause: true,
  compensates: true,
  isAttempt: true,
  isQuarantined: true,
  degraded: true,
  untried: true,
} satisfies FieldsOf<ReadVerdict | ValidateVerdict | CommitVerdict | RollBackVerdict | SourceVerdict>

/**
 * What an inspector is shown of a machine, field by field. Whatever a machine may come to hold, and whatever user code
 * slips into an event, stays hidden until it is named here; the compiler asks for each new field.
 */
export const shownFields = {
  context,
  event,
  output,
  /** Actors receive parts of the context. */
  input: { ...context, after: revision },
  /** Parameters of the machines' actions, their work among them, and of XState's own for actors and timers. */
  params: { ...work, outcome: true, id: true, src: true, delay: true },
} as const satisfies Readonly<Record<string, Shown>>

const isWord = (value: unknown): boolean => value === null || ['string', 'number', 'boolean'].includes(typeof value)

/** Copies the part that may be shown; undefined if there is none. */
export const shownPart = (value: unknown, shown: Shown): unknown => {
  if (shown === true) {
    if (Array.isArray(value)) return value.filter(isWord)
    return isWord(value) ? value : undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  const part: Record<string, unknown> = {}
  for (const [field, inner] of Object.entries(shown)) {
    // Own data fields only: a getter would run foreign code.
    const held = Object.getOwnPropertyDescriptor(value, field)
    if (held !== undefined && 'value' in held) part[field] = shownPart(held.value, inner)
  }
  return part
}
