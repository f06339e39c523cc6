import { readFile, writeFile } from 'node:fs/promises'
import { readmePath, withBlock } from '../docs/readme.ts'
import { runDemo } from './demo-output.ts'

const { stdout } = await runDemo()
const block = `\`\`\`text\n${stdout.trim()}\n\`\`\``
await writeFile(readmePath, withBlock(await readFile(readmePath, 'utf8'), 'demo', block))
