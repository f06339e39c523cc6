import { readFile, writeFile } from 'node:fs/promises'
import { withBlock } from '../docs/markdown.ts'
import { pagePath } from '../docs/pages.ts'
import { runDemo } from './demo-output.ts'

const { stdout } = await runDemo()
const block = `\`\`\`text\n${stdout.trim()}\n\`\`\``
const page = pagePath('docs/guide/getting-started.md')
await writeFile(page, withBlock(await readFile(page, 'utf8'), 'demo', block))
