import { exitCodes } from '../output/exit-codes.ts'
import type { Command } from '../context/command.ts'
import { describeDiff } from '../publishing/publish-change.ts'

export const diff: Command = {
  name: 'diff',
  usage: '[FILE]',
  summary: 'Shows what a file would change; without one, what has changed since the newest entry of the history.',
  flags: {},
  examples: [
    ['changeover diff config.json', 'exits with 2 if the file differs from what is there'],
    ['changeover diff', 'shows what something else than changeover has written since'],
  ],
  run: async (context) => {
    context.atMost(1)
    const [name] = context.args
    const [store, checker] = [await context.store(), await context.checker(name)]
    const { from, to } = name === undefined ? await sinceHistory() : await withFile(name)
    const [before, after] = [await checker.parseLeniently(from.text), await checker.parse(to)]
    const differences = checker.diff(before, after)
    const isSame = differences.count === 0 && from.text === to
    context.out.say(isSame ? 'No differences.' : describeDiff(context, differences, from, to))
    const json = { target: store.place, revision: from.revision, diff: differences }
    return { exit: isSame ? exitCodes.done : exitCodes.differs, json }

    async function withFile(file: string) {
      return { from: await store.read(context.signal), to: await context.read(file) }
    }

    async function sinceHistory() {
      const { document, entries } = await store.history(context.signal, 1)
      const text = entries[0]?.text ?? document.text
      return { from: { revision: document.revision, text }, to: document.text ?? '{}' }
    }
  },
}
