import type { Clock } from '../api/clock.ts'
import type { BackoffOptions } from '../api/options.ts'
import type { SecretProvider } from '../api/secret-provider.ts'
import { FannedSignal } from '../async/abort.ts'
import { andThen } from '../async/thenable.ts'
import { ChangeoverError, type Failure, type FailurePlace, failure, type SecretCode } from '../model/failure.ts'
import { HiddenPlaces } from '../model/secrets/hidden-places.ts'
import type { Moment } from '../model/error-codes.ts'
import type { PinnedSecret, PinnedSecrets } from '../model/secrets/pinned-secrets.ts'
import { UndecidedError } from '../model/undecided.ts'
import type { Visibility } from '../model/visibility.ts'
import { findReferences, type Reference, type References, replaceReferences } from './references.ts'
import { nameSecret, ProvidedSecrets } from './provided-secrets.ts'
import { MIN_READ_MS, type ReadOutcome } from './secret-reader.ts'

/**
 * Which values a document gets. `fresh`: they are read. `known`: those that were read last. `fallback`: they are read, and
 * those that cannot be are the ones known last or stored. `trial`: they are read, and nobody is told of a new one.
 */
export type SecretUse = 'fresh' | 'known' | 'fallback' | 'trial'

/** The document with the values of its secrets. */
export interface Resolved {
  readonly input: unknown
  readonly secrets: PinnedSecrets
}

export interface ResolveCall {
  readonly use: SecretUse
  /** The transaction: within one, each secret is read once. */
  readonly epoch?: number | undefined
  readonly signal: { readonly signal: AbortSignal }
  readonly place: FailurePlace
  readonly moment: Moment
}

export interface SecretsDeps {
  readonly providers: ReadonlyMap<string, SecretProvider>
  /** The clock of reads; a close brings their deadlines forward. */
  readonly clock: Clock
  readonly timers: Clock
  readonly deadlineMs: number
  readonly backoff: Required<BackoffOptions>
  readonly random: () => number
  readonly report: (failed: Failure) => void
  readonly onChanged: (reference: string) => void
}

/** Resolves the references of documents to secrets, all or none, and hears of new values. */
export class Secrets {
  readonly hidden = new HiddenPlaces()
  readonly #providers: ReadonlyMap<string, ProvidedSecrets>
  #epoch: number | undefined
  readonly #readInEpoch = new Map<string, PinnedSecret>()
  #asked: ReadonlyMap<string, Reference> = new Map()

  constructor({ providers, clock, timers, deadlineMs, backoff, random, report, onChanged }: SecretsDeps) {
    const onListenerError = (error: unknown): void => report(failure('listener.failed', { phase: 'validating' }, error))
    const least = { minMs: Math.max(2 * MIN_READ_MS, backoff.minMs), maxMs: Math.max(2 * MIN_READ_MS, backoff.maxMs) }
    const settings = { clock, deadlineMs, backoff: least, random, onListenerError }
    const deps = { settings, timers, report, onChanged }
    this.#providers = new Map([...providers].map(([id, provider]) => [id, new ProvidedSecrets(id, provider, deps)]))
  }

  /** The references of the document that a transaction has resolved last. */
  get asked(): Iterable<string> {
    return this.#asked.keys()
  }

  /**
   * Puts values in the place of references; undefined if there are none.
   *
   * @throws ChangeoverError `secret.invalid` for a reference that is none; an UndecidedError if a secret cannot be read
   */
  resolve(
    input: unknown,
    call: ResolveCall,
    visibility: Visibility,
  ): Resolved | undefined | Promise<Resolved | undefined> {
    const references = findReferences(input, this.#providers.keys())
    if (references.malformed.length > 0) throw malformedError(references, call.place, visibility)
    const { found } = references
    if (call.use !== 'trial' && call.use !== 'known') this.#asked = found
    if (found.size === 0) return undefined
    for (const path of references.places) this.hidden.add(path)
    this.#beginEpoch(call.epoch)
    const signal = new FannedSignal(call.signal)
    const reads = [...found.values()].map((reference) => this.#read(reference, { ...call, signal }))
    const outcomes: readonly ReadOutcome[] | Promise<readonly ReadOutcome[]> = reads.some(isPromise)
      ? Promise.all(reads)
      : (reads as readonly ReadOutcome[])
    return andThen(outcomes, (ended) => {
      signal.unlink()
      const all = [...found.values()].map((reference, index) => [reference, ended[index]] as const)
      const failures = all.flatMap(([reference, outcome]) => failureOf(reference, outcome, call, visibility))
      const [first, ...rest] = failures.sort((one, other) => rankOf(one) - rankOf(other))
      if (first !== undefined) throw new UndecidedError(first, rest.slice(0, MAX_FAILURES - 1))
      const secrets = new Map(
        all.flatMap(([{ text }, outcome]) => (outcome?.kind === 'read' ? [[text, outcome.secret]] : [])),
      )
      return { input: replaceReferences(input, (text) => secrets.get(text)?.value), secrets }
    })
  }

  /**
   * The same from what is known, without a read; undefined if there are no references.
   *
   * @throws TypeError if a reference is none
   */
  resolveKnown(input: unknown): Pick<Resolved, 'input' | 'secrets'> | 'unknown' | undefined {
    const { found, malformed } = findReferences(input, this.#providers.keys())
    if (malformed.length > 0) throw new TypeError('A malformed reference to a secret')
    if (found.size === 0) return undefined
    const secrets = new Map<string, PinnedSecret>()
    for (const reference of found.values()) {
      const known = this.#known(reference.text)
      if (known === undefined) return 'unknown'
      secrets.set(reference.text, known)
    }
    return { input: replaceReferences(input, (text) => secrets.get(text)?.value), secrets }
  }

  /** False if a newer value than one of these is known. */
  areCurrent(secrets: PinnedSecrets | undefined): boolean {
    if (secrets === undefined) return true
    return [...secrets].every(([reference, { value }]) => (this.#known(reference)?.value ?? value) === value)
  }

  /** The versions that are known of these secrets. Two values never have the same. */
  versionsOf(secrets: PinnedSecrets): string {
    return JSON.stringify([...secrets.keys()].map((reference) => this.#known(reference)?.version))
  }

  /** Takes over values that were stored, for a start at which their provider cannot be reached. */
  seed(secrets: Iterable<PinnedSecret & { readonly reference: string }>): void {
    for (const { reference, value, version } of secrets) {
      const [provider, name] = split(reference)
      this.#providers.get(provider)?.readerOf(name).seed({ value, version })
    }
  }

  /** Follows these secrets from now on, and forgets all others. */
  keep(references: ReadonlySet<string>): void {
    const names = new Map([...this.#providers.keys()].map((id) => [id, new Set<string>()]))
    for (const reference of references) {
      const [provider, name] = split(reference)
      names.get(provider)?.add(name)
    }
    for (const [id, provided] of this.#providers) provided.keep(names.get(id) ?? new Set())
  }

  stop(): void {
    for (const provided of this.#providers.values()) provided.stop()
  }

  #beginEpoch(epoch: number | undefined): void {
    if (epoch === this.#epoch) return
    this.#epoch = epoch
    this.#readInEpoch.clear()
  }

  #known(reference: string): PinnedSecret | undefined {
    const [provider, name] = split(reference)
    return this.#providers.get(provider)?.find(name)?.known
  }

  #read(reference: Reference, { use, epoch, signal }: ResolveCall): ReadOutcome | Promise<ReadOutcome> {
    const { text, provider, name } = reference
    const reader = this.#providers.get(provider)?.readerOf(name)
    if (reader === undefined) return { kind: 'cancelled' }
    const { known } = reader
    const reused =
      (epoch === undefined ? undefined : this.#readInEpoch.get(text)) ?? (use === 'known' ? known : undefined)
    if (reused !== undefined) return { kind: 'read', secret: reused }
    return andThen(reader.read(signal, use !== 'trial'), (outcome): ReadOutcome => {
      const isLost = outcome.kind === 'failed' && outcome.failed.code === 'secret.unreachable'
      if (isLost && use === 'fallback' && known !== undefined) return { kind: 'read', secret: known }
      if (outcome.kind === 'read' && epoch === this.#epoch) this.#readInEpoch.set(text, outcome.secret)
      return outcome
    })
  }
}

/** Failures that an error lists; who has lost a secret manager needs no more. */
const MAX_FAILURES = 20

const isPromise = (value: unknown): boolean => value instanceof Promise

const split = (reference: string): readonly [provider: string, name: string] => {
  const colon = reference.indexOf(':')
  return [reference.slice(0, colon), reference.slice(colon + 1)]
}

/** What waiting does not mend comes first: it decides whether a start waits. */
const ranks: readonly SecretCode[] = ['secret.invalid', 'secret.denied', 'secret.missing', 'secret.unreachable']

const rankOf = ({ code }: Failure): number => ranks.indexOf(code as SecretCode)

const failureOf = (
  { provider, name, path }: Reference,
  outcome: ReadOutcome | undefined,
  { place, moment }: ResolveCall,
  visibility: Visibility,
): readonly Failure[] => {
  if (outcome?.kind === 'read') return []
  const { code = 'secret.unreachable', detail, cause } = outcome?.kind === 'failed' ? outcome.failed : {}
  const what = nameSecret(provider, name)
  const at = { ...place, path: visibility.show(path), detail: detail === undefined ? what : `${what}: ${detail}` }
  return [failure(code, at, cause, moment)]
}

const malformedError = ({ malformed }: References, place: FailurePlace, visibility: Visibility): ChangeoverError => {
  const failures = malformed.map(({ path, reason }) =>
    failure('secret.invalid', { ...place, path: visibility.show(path), detail: reason }),
  )
  const [first = failure('secret.invalid', place), ...rest] = failures
  return new ChangeoverError(first, rest.slice(0, MAX_FAILURES - 1))
}
