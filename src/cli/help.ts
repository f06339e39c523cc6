import { exitMeanings } from './output/exit-codes.ts'
import { table } from './output/table.ts'
import { commonFlags, type FlagSpecs } from './target/flags.ts'
import type { Command } from './context/command.ts'

/** The help of the whole command line. */
export const generalHelp = (commands: readonly Command[]): string =>
  `Usage: changeover <command> [flags]

Checks, publishes, explains and takes back the config document of a service.

${table(commands.map(({ name, usage, summary }) => [`  ${name} ${usage}`.trimEnd(), summary]))}

changeover <command> --help shows the flags and two examples.

Exit codes:
${table(exitMeanings.map(([code, meaning]) => [`  ${code}`, meaning]))}
`

/** The help of one command. */
export const commandHelp = ({ name, usage, summary, flags, examples }: Command): string =>
  `Usage: ${`changeover ${name} ${usage}`.trimEnd()} [flags]

${summary}

${Object.keys(flags).length === 0 ? '' : `${flagTable(flags)}\n\n`}For every command:
${flagTable(commonFlags)}

Examples:
${table(examples.map(([call, effect]) => [`  ${call}`, effect]))}
`

const flagTable = (flags: FlagSpecs): string =>
  table(
    Object.entries(flags).map(([name, { short, value, help }]) => {
      const names = `${short === undefined ? '' : `-${short}, `}--${name}`
      return [`  ${names}${value === undefined ? '' : ` ${value}`}`, help]
    }),
  )
