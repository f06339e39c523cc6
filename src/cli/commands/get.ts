import { NO_REVISION } from '../../history/document-store.ts'
import { changedLeaves } from '../../model/data/changed-leaves.ts'
import type { Path } from '../../model/data/not-plain.ts'
import { changeoverError } from '../../model/failure.ts'
import { shown } from '../check/all-visible.ts'
import { exitCodes } from '../output/exit-codes.ts'
import { valueText } from '../output/show-diff.ts'
import { table } from '../output/table.ts'
import type { Command } from '../context/command.ts'

export const get: Command = {
  name: 'get',
  usage: '',
  summary: 'Shows what is there: its revision, its paths, and the values that are public.',
  flags: {},
  examples: [
    ['changeover get', 'shows the document of changeover.config in this folder'],
    ['changeover get --hosts http://127.0.0.1:2379 --key /app/config --show-values', 'prints the text as it is'],
  ],
  run: async (context) => {
    context.atMost(0)
    const [store, checker] = [await context.store(), await context.checker()]
    const { revision, text } = await store.read(context.signal)
    if (revision === NO_REVISION) throw changeoverError('document.missing', { detail: store.place })
    if (text === undefined) throw changeoverError('document.encoding', { detail: store.place })
    const about = { target: store.place, revision }
    if (context.showsValues) {
      context.out.write(text.endsWith('\n') ? text : `${text}\n`)
      return { exit: exitCodes.done, json: { ...about, text } }
    }
    const data = shown(await checker.parse(text))
    const visibility = checker.visibility(undefined, data)
    const values = [...changedLeaves(undefined, data)].map((path) => ({
      path: visibility.show(path),
      ...(visibility.isPublic(path) ? { value: valueAt(data, path) } : {}),
    }))
    context.out.say(`${store.place}, revision ${revision}`)
    context.out.say(
      table(values.map(({ path, value }) => [`  ${path}`, value === undefined ? '(hidden)' : valueText(value)])),
    )
    return { exit: exitCodes.done, json: { ...about, values } }
  },
}

const valueAt = (data: unknown, path: Path): unknown =>
  path.reduce((value: unknown, key) => (value as Record<string | number, unknown>)[key], data)
