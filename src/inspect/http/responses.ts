import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { createToken } from './tokens.ts'

/** Headers of every response: it may not be stored, framed or sniffed, and no CORS header opens it to other pages. */
const commonHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** Returns the headers of a response that is not a page: it can load and run nothing, wherever it is shown. */
export const dataHeaders = (contentType: string): OutgoingHttpHeaders => ({
  ...commonHeaders,
  'content-type': contentType,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
})

/** Returns the headers of a page: it runs only scripts and styles with its nonce, and connects only to this server. */
export const pageHeaders = (nonce: string): OutgoingHttpHeaders => ({
  ...commonHeaders,
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    'img-src data:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
})

export const sendPage = (response: ServerResponse, status: number, render: (nonce: string) => string): void => {
  const nonce = createToken()
  response.writeHead(status, pageHeaders(nonce)).end(render(nonce))
}

export const sendJson = (
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: OutgoingHttpHeaders = {},
): void => {
  response
    .writeHead(status, { ...dataHeaders('application/json'), ...headers })
    .end(`${JSON.stringify(value, null, 2)}\n`)
}

export const sendText = (
  response: ServerResponse,
  status: number,
  text: string,
  headers: OutgoingHttpHeaders,
): void => {
  response.writeHead(status, { ...dataHeaders('text/plain; charset=utf-8'), ...headers }).end(text)
}
