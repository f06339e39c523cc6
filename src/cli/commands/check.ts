import { exitCodes } from '../output/exit-codes.ts'
import type { Command } from '../context/command.ts'

export const check: Command = {
  name: 'check',
  usage: 'FILE',
  summary: 'Parses a file, and asks the schema and the policies: without a server, secrets or a network.',
  flags: {},
  examples: [
    ['changeover check config.json', 'checks a file by the schema of changeover.config'],
    ['changeover check --config deploy/changeover.config.js - < config.json', 'checks the standard input'],
  ],
  run: async (context) => {
    context.atMost(1)
    const name = context.argument(0, 'FILE')
    const layer = await context.layer(name)
    const checker = await context.checker(name, { isOffline: true })
    const { notes } = await checker.check(await context.read(name))
    context.out.say(layer === undefined ? `${name} is valid.` : `${name} is valid as layer ${layer.name}.`)
    for (const note of notes) context.out.say(`  ${note}`)
    return {
      exit: exitCodes.done,
      json: { file: name, ...(layer === undefined ? {} : { layer: layer.name }), isValid: true, notes },
    }
  },
}
