import { readFile, writeFile } from 'node:fs/promises'
import { masked } from '../examples/demo-output.ts'
import { generatedBlocks } from './generated.ts'
import { withBlock } from './markdown.ts'
import { pagePath } from './pages.ts'
import { playReadme } from './readme-example.ts'

const rewrite = async (page: string, change: (text: string) => string): Promise<void> => {
  const path = pagePath(page)
  await writeFile(path, change(await readFile(path, 'utf8')))
}

const output = (text: string): string => `\`\`\`text output\n${text}\n\`\`\``

for (const { page, block, content } of generatedBlocks()) await rewrite(page, (text) => withBlock(text, block, content))

for (const { shown, printed } of await playReadme()) {
  // Times and ids differ from run to run; nothing else should.
  if (masked(shown) === masked(printed)) continue
  await rewrite('README.md', (text) => text.replace(output(shown), () => output(printed)))
}
