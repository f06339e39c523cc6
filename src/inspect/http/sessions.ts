import type { Clock } from '../../api/clock.ts'
import { createSessionLimits, type SessionLimits } from './rate-limit.ts'
import { createToken, isSameToken } from './tokens.ts'

/** One browser that has opened the link. */
export interface Session {
  /** The value of its cookie. */
  readonly id: string
  /** Every action must send this token. */
  readonly csrfToken: string
  readonly expiresAt: number
  readonly limits: SessionLimits
}

/** A seventeenth session drops the oldest one. */
const MAX_SESSIONS = 16
export const SESSION_MS = 12 * 60 * 60 * 1_000
/** A seventeenth unopened link replaces the oldest one. */
const MAX_INVITATIONS = 16

/** A link for one session that has not been opened yet. */
interface Invitation {
  readonly token: string
  readonly expiresAt: number
}

/**
 * The browsers that may see the page. A random link token opens one session and is then worthless, so a token that is
 * found later in a log or a chat opens nothing. A token that the user chose is a password and stays valid.
 */
export class Sessions {
  readonly #clock: Clock
  readonly #userToken: string | undefined
  readonly #sessions: Session[] = []
  #invitations: readonly Invitation[] = []
  #randomToken = createToken()

  constructor(clock: Clock, userToken: string | undefined) {
    this.#clock = clock
    this.#userToken = userToken
  }

  /** The token that opens the next session. */
  get linkToken(): string {
    return this.#userToken ?? this.#randomToken
  }

  /** Makes a token that opens one session within a time. */
  invite(expiresInMs: number): string {
    const invitation = { token: createToken(), expiresAt: this.#clock.monotonic() + expiresInMs }
    this.#invitations = [...this.#invitations, invitation].slice(-MAX_INVITATIONS)
    return invitation.token
  }

  /** Opens a session if the token is valid. */
  open(token: string): Session | undefined {
    const isLink = isSameToken(token, this.linkToken)
    if (isLink) this.#randomToken = createToken()
    else if (!this.#accept(token)) return undefined
    const session = createSession(this.#clock)
    this.#sessions.push(session)
    if (this.#sessions.length > MAX_SESSIONS) this.#sessions.shift()
    return session
  }

  /** Uses up an invitation, and returns whether there was one. */
  #accept(token: string): boolean {
    const now = this.#clock.monotonic()
    const open = this.#invitations.filter(({ expiresAt }) => expiresAt > now)
    // Compares all of them, so the time taken does not reveal which one matched.
    this.#invitations = open.filter((invitation) => !isSameToken(token, invitation.token))
    return this.#invitations.length < open.length
  }

  /** Finds the session of one of these cookie values: a server on another port may have planted values of its own. */
  find(ids: readonly string[]): Session | undefined {
    const now = this.#clock.monotonic()
    const live = this.#sessions.filter(({ expiresAt }) => expiresAt > now)
    // Compares every pair, so the time taken does not reveal which one matched.
    return live.filter((session) => ids.filter((id) => isSameToken(id, session.id)).length > 0)[0]
  }
}

/** Creates a session that nothing refers to yet. */
export const createSession = (clock: Clock): Session => ({
  id: createToken(),
  csrfToken: createToken(),
  expiresAt: clock.monotonic() + SESSION_MS,
  limits: createSessionLimits(clock),
})

/** A cookie header may repeat a name; the values after these are ignored. */
const MAX_COOKIE_VALUES = 4

/** Returns the values that a Cookie header has for a name. */
export const parseCookies = (header: string | undefined, name: string): readonly string[] =>
  (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .slice(0, MAX_COOKIE_VALUES)
    .map((pair) => pair.slice(name.length + 1))
