import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { README, readme } from './readme/readme.ts'

/** Writes machines/README.md, or the same text elsewhere. */
export const writeReadme = (to: string | URL = README): void => writeFileSync(to, readme())

if (process.argv[1] === fileURLToPath(import.meta.url)) writeReadme()
