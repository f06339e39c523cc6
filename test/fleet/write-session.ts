import { readFile, writeFile } from 'node:fs/promises'
import { withBlock } from '../docs/markdown.ts'
import { pagePath } from '../docs/pages.ts'
import { playRollout } from './rollout-session.ts'

const block = `\`\`\`text\n${(await playRollout()).trim()}\n\`\`\``
const page = pagePath('docs/guide/fleet.md')
await writeFile(page, withBlock(await readFile(page, 'utf8'), 'rollout', block))
