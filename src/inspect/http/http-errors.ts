/** Why a request is refused. Nothing here tells a stranger more than what it has sent itself. */
export const refusals = {
  'inspector.bad-request': {
    status: 400,
    message: 'The request cannot be understood',
    hint: 'Open the link that the service has printed.',
  },
  'inspector.bad-host': {
    status: 421,
    message: 'The inspector is not served under this name',
    hint: 'Open it under the address of its link, or add the name to allowedHosts.',
  },
  'inspector.bad-origin': {
    status: 403,
    message: 'Another page may not ask the inspector',
    hint: 'Open the link that the service has printed.',
  },
  'inspector.no-session': {
    status: 401,
    message: 'No session',
    hint: 'A link opens one session, once. Ask the service for a new one: the url of its inspector.',
  },
  'inspector.bad-csrf': {
    status: 403,
    message: 'The action does not come from a page of this session',
    hint: 'Reload the page and try again.',
  },
  'inspector.actions-off': {
    status: 403,
    message: 'Actions are off',
    hint: 'Enable them with inspector({ actions: true }).',
  },
  'inspector.not-found': {
    status: 404,
    message: 'There is no such thing',
    hint: 'It may have left the history, which is bounded.',
  },
  'inspector.bad-method': {
    status: 405,
    message: 'This cannot be asked for in this way',
    hint: 'Pages are read with GET; actions are sent with POST.',
  },
  'inspector.too-large': { status: 413, message: 'The request is too large', hint: 'Send less.' },
  'inspector.bad-type': { status: 415, message: 'The body is not JSON', hint: 'Send application/json.' },
  'inspector.too-many': { status: 429, message: 'Too many requests', hint: 'Wait a little.' },
  'inspector.full': {
    status: 503,
    message: 'Too many pages follow this inspector',
    hint: 'Close one of them.',
  },
  'inspector.failed': {
    status: 500,
    message: 'The inspector met an error of its own',
    hint: 'Please report it. The reloader is not touched by it.',
  },
} as const satisfies Record<string, { readonly status: number; readonly message: string; readonly hint: string }>

export type RefusalCode = keyof typeof refusals

/** Thrown by what handles a request; becomes its answer. */
export class Refusal extends Error {
  readonly code: RefusalCode

  constructor(code: RefusalCode) {
    super(code)
    this.code = code
  }
}
