/** The errors that a request can be answered with. None of them reveals more than the request itself contained. */
export const httpErrors = {
  'inspector.bad-request': {
    status: 400,
    message: 'Bad request',
    hint: 'Open the link that the service printed.',
  },
  'inspector.bad-host': {
    status: 421,
    message: 'Unknown host name',
    hint: "Use the address of the link. If this name leads here on purpose, through a proxy or a port that is forwarded, allow it: inspector({ allowedHosts: ['name:port'] }).",
  },
  'inspector.bad-origin': {
    status: 403,
    message: 'Cross-origin request refused',
    hint: 'Open the link that the service printed.',
  },
  'inspector.no-session': {
    status: 401,
    message: 'No session',
    hint: 'Each link opens one session. Get a new link from the service: the url of its inspector.',
  },
  'inspector.bad-csrf': {
    status: 403,
    message: 'The CSRF token is not the one of this session',
    hint: 'Reload the page and try again.',
  },
  'inspector.actions-off': {
    status: 403,
    message: 'Actions are off',
    hint: 'Enable them with inspector({ actions: true }).',
  },
  'inspector.not-found': {
    status: 404,
    message: 'Not found',
    hint: 'The inspector keeps only the most recent transactions.',
  },
  'inspector.bad-method': {
    status: 405,
    message: 'Method not allowed',
    hint: 'Read pages with GET and send actions with POST.',
  },
  'inspector.too-large': { status: 413, message: 'The body is too large', hint: 'Send at most 4096 bytes.' },
  'inspector.bad-type': { status: 415, message: 'The body is not JSON', hint: 'Send application/json.' },
  'inspector.too-many': { status: 429, message: 'Too many requests', hint: 'Wait a moment, then try again.' },
  'inspector.full': {
    status: 503,
    message: 'Too many pages are open',
    hint: 'Close another page of this inspector.',
  },
  'inspector.failed': {
    status: 500,
    message: 'Internal error of the inspector',
    hint: 'Report it as a bug. The reloader is not affected.',
  },
} satisfies Record<string, { readonly status: number; readonly message: string; readonly hint: string }>

type HttpErrorCode = keyof typeof httpErrors

/** Thrown while a request is handled; the router answers with its table entry. */
export class HttpError extends Error {
  readonly code: HttpErrorCode
  readonly #host: string | undefined

  /** @param host the name that was refused, if the client sent one that can be a name */
  constructor(code: HttpErrorCode, host?: string) {
    super(code)
    this.code = code
    this.#host = host
  }

  /** The table's hint, with the name to allow in it. */
  get hint(): string {
    return httpErrors[this.code].hint.replace('name:port', this.#host ?? 'name:port')
  }
}

/** Renders an error as a page. With `shouldRetry` the browser requests the address again, this time from our own page. */
export const renderErrorPage = (nonce: string, { code, hint }: HttpError, shouldRetry: boolean): string => {
  const { message } = httpErrors[code]
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${shouldRetry ? '<meta http-equiv="refresh" content="0">' : ''}
<title>Changeover inspector: ${message}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: 20vh auto; padding: 0 1rem }
</style>
</head>
<body>
<main>
<h1>${message}</h1>
<p>${hint}</p>
</main>
</body>
</html>
`
}
