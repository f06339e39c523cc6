import { writeFileSync } from 'node:fs'
import { generated } from './generate-page.ts'

for (const [path, text] of await generated()) writeFileSync(path, text)
