import type { OutgoingHttpHeaders } from 'node:http'

/** On every answer: nothing is kept, framed, guessed at, or told to others. There is no CORS header anywhere. */
const always = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
} as const

/** What is no page loads nothing and runs nothing, wherever it is shown. */
export const dataHeaders = (type: string): OutgoingHttpHeaders => ({
  ...always,
  'content-type': type,
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
})

/** A page runs the scripts and styles that carry its nonce, and asks nobody but this server. */
export const pageHeaders = (nonce: string): OutgoingHttpHeaders => ({
  ...always,
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
