import { readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { blockOf } from '../docs/markdown.ts'
import { pagePath } from '../docs/pages.ts'
import { playRollout } from './rollout-session.ts'

it('The guide of the fleet shows a rollout as it is, which fails at its second step', async () => {
  const page = await readFile(pagePath('docs/guide/fleet.md'), 'utf8')
  expect((await playRollout()).trim()).toBe(blockOf(page, 'rollout').replace(/^```text\n|\n```$/g, ''))
})
