import { writeFileSync } from 'node:fs'
import { generatePage } from './generate-page.ts'

for (const [path, text] of await generatePage()) writeFileSync(path, text)
