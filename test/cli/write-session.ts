import { readFile, writeFile } from 'node:fs/promises'
import { withBlock } from '../docs/markdown.ts'
import { pagePath } from '../docs/pages.ts'
import { playSession } from './session.ts'

const block = `\`\`\`text\n${(await playSession()).trim()}\n\`\`\``
const page = pagePath('docs/guide/operator.md')
await writeFile(page, withBlock(await readFile(page, 'utf8'), 'session', block))
