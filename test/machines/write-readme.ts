import { writeFileSync } from 'node:fs'
import { README, readme } from './readme/readme.ts'

writeFileSync(README, readme())
