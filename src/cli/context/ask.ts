import type { Context } from './context.ts'
import { changeoverError } from '../../model/failure.ts'

/** True if a person can be asked: both ends are a terminal. */
export const hasTerminal = ({ canAnswer, io }: Context): boolean => canAnswer && io.stderr.isTTY === true

/**
 * Asks a person, on the standard error, so that the output stays clean.
 *
 * @throws ChangeoverError `command.no-terminal`, `command.declined`
 */
export const confirm = async (context: Context, question: string): Promise<void> => {
  if (!hasTerminal(context)) throw changeoverError('command.no-terminal')
  if (!/^y(?:es)?$/i.test((await answerTo(context, `${question} [y/N] `)).trim()))
    throw changeoverError('command.declined')
}

/** Asks a person. An input that ends is an empty answer. */
export const answerTo = async ({ io, signal }: Context, question: string): Promise<string> => {
  // Few commands ask, so it is loaded for those (bench: command).
  const { createInterface } = await import('node:readline')
  return new Promise((resolve) => {
    const lines = createInterface({
      input: io.stdin,
      output: io.stderr as unknown as NodeJS.WritableStream,
      terminal: false,
    })
    io.stderr.write(question)
    const end = (answer: string): void => {
      signal.removeEventListener('abort', stop)
      resolve(answer)
      lines.close()
    }
    const stop = (): void => end('')
    signal.addEventListener('abort', stop)
    lines.once('line', end).once('close', () => end(''))
    if (signal.aborted) stop()
  })
}
