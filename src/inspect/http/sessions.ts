import type { Clock } from '../../api/clock.ts'
import { isSameSecret, newSecret } from './tokens.ts'

/** One browser that has opened the link. */
export interface Session {
  /** What its cookie holds. */
  readonly secret: string
  /** What each of its actions must send along. */
  readonly csrf: string
  readonly expiresAt: number
}

/** More than these would be an attack; the oldest goes first. */
const MAX_SESSIONS = 16
const SESSION_MS = 12 * 60 * 60 * 1_000

/**
 * Who may look. A link's random token opens one session and is worth nothing afterwards, so that one found later in a
 * log, a history or a chat opens none. A token that the user has chosen is a password and stays good.
 */
export class Sessions {
  readonly #clock: Clock
  readonly #chosen: string | undefined
  readonly #sessions: Session[] = []
  #random = newSecret()

  constructor(clock: Clock, chosen: string | undefined) {
    this.#clock = clock
    this.#chosen = chosen
  }

  /** What opens the next session. */
  get token(): string {
    return this.#chosen ?? this.#random
  }

  /** A new session for a good token. */
  open(token: string): Session | undefined {
    if (!isSameSecret(token, this.token)) return undefined
    this.#random = newSecret()
    const session = { secret: newSecret(), csrf: newSecret(), expiresAt: this.#clock.monotonic() + SESSION_MS }
    this.#sessions.push(session)
    if (this.#sessions.length > MAX_SESSIONS) this.#sessions.shift()
    return session
  }

  /** The session of one of these cookie values: a hostile neighbour may have added values of its own. */
  find(secrets: readonly string[]): Session | undefined {
    const now = this.#clock.monotonic()
    const live = this.#sessions.filter(({ expiresAt }) => expiresAt > now)
    // Every comparison is made, so that the time tells nothing of which one fits.
    const fitting = live.filter(
      (session) => secrets.filter((secret) => isSameSecret(secret, session.secret)).length > 0,
    )
    return fitting[0]
  }
}

/** The values that a Cookie header has under a name; not more than a few are looked at. */
export const cookiesOf = (header: string | undefined, name: string): readonly string[] =>
  (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .slice(0, 4)
    .map((pair) => pair.slice(name.length + 1))
