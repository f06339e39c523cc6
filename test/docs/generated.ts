import { codeTable } from '../../src/model/error-codes.ts'

/** The README's table of failures, made from the codes themselves. */
export const codesTable = (): string =>
  [
    '| Code | What happened | What to do |',
    '|---|---|---|',
    ...Object.entries(codeTable).map(([code, { what, hint }]) => `| \`${code}\` | ${what} | ${hint} |`),
  ].join('\n')
