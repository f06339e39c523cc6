import { check } from './commands/check.ts'
import { get } from './commands/get.ts'
import type { Command } from './context/command.ts'

/** The commands that do least, and run most often. */
const small: readonly Command[] = [get, check]

/** Loads all commands, in the order of the help. Most of a short run is loading, so they are not there at once (bench: command). */
export const loadCommands = async (): Promise<readonly Command[]> =>
  (await import('./commands/all-commands.ts')).allCommands

/** Returns a command by its name, and loads it if need be; undefined if there is none. */
export const findCommand = async (name: string): Promise<Command | undefined> => {
  const isNamed = (command: Command): boolean => command.name === name
  return small.find(isNamed) ?? (await loadCommands()).find(isNamed)
}
