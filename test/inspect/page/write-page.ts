import { writeFileSync } from 'node:fs'
import { generated } from './generate.ts'

for (const [path, text] of await generated()) writeFileSync(path, text)
