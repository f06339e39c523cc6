import { type ChangeoverError, changeoverError, isChangeoverError } from '../model/failure.ts'
import { commandHelp, generalHelp } from './help.ts'
import { findCommand, loadCommands } from './find-command.ts'
import { Context } from './context/context.ts'
import { DetailedError } from './output/detailed-error.ts'
import { type ExitCode, exitCodeOf, exitCodes } from './output/exit-codes.ts'
import { type Io, Output } from './output/output.ts'
import { commonFlags, parseFlags, usage } from './target/flags.ts'

/** Runs one command line. Never rejects: every failure is printed, and becomes an exit code. */
export const run = async (argv: readonly string[], io: Io, signal: AbortSignal): Promise<ExitCode> => {
  const [name = '', ...rest] = argv
  const end = argv.indexOf('--')
  const out = new Output(io, argv.slice(0, end === -1 ? undefined : end).includes('--json'))
  if (name === '' || name === 'help' || name === '--help' || name === '-h') {
    return help(out, 'help', generalHelp(await loadCommands()), name === '' ? exitCodes.error : exitCodes.done)
  }
  const command = await findCommand(name)
  if (command === undefined) return fail(out, 'changeover', usage(NO_COMMAND))
  let context: Context | undefined
  try {
    const flags = parseFlags(rest, { ...commonFlags, ...command.flags })
    if (flags.values.help === true) return help(out, name, commandHelp(command), exitCodes.done)
    context = new Context(flags, io, out, signal)
    const { exit, json } = await command.run(context)
    if (json !== undefined) out.object(name, { exit, ...json })
    return exit
  } catch (error) {
    return fail(out, name, isChangeoverError(error) ? error : changeoverError('command.failed', {}, error))
  } finally {
    await context?.close().catch(() => {})
  }
}

const NO_COMMAND = 'there is no such command; the command comes before its flags'

const help = (out: Output, command: string, text: string, exit: ExitCode): ExitCode => {
  out.write(text)
  out.object(command, { exit, help: text })
  return exit
}

const fail = (out: Output, name: string, error: ChangeoverError): ExitCode => {
  const exit = exitCodeOf(error.code)
  const isDetailed = error instanceof DetailedError
  out.failure(name, error, exit, isDetailed ? error.more : {})
  if (isDetailed && !out.isJson) out.note(error.text)
  return exit
}
