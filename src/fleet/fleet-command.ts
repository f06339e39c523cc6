import { FLEET_SCHEMA, parseFleetText } from './instance-entry.ts'

/** What an operator may ask of instances. A preflight changes nothing, so every instance does it. */
export const fleetActions = ['preflight', 'freeze', 'unfreeze', 'retry', 'confirm'] as const

export type FleetAction = (typeof fleetActions)[number]

/** A wish of an operator. It lies under the lease of the command, so it ends with it. */
export interface FleetCommand {
  readonly id: string
  readonly action: FleetAction
  /** The ids of the instances that are asked. */
  readonly to: readonly string[]
  readonly by: string
  /** Why, of a freeze. */
  readonly reason?: string
}

/** What an instance has done of a command. It holds no config value. */
export interface FleetAnswer {
  readonly command: string
  readonly instance: string
  readonly isDone: boolean
  /** How a preflight or a retry ended. */
  readonly outcome?: string
  /** Why it was not done. */
  readonly code?: string
  readonly module?: string
  readonly message?: string
}

export const commandName = (id: string): string => `commands/${id}`

/** Where the document of a preflight lies. */
export const proposalName = (id: string): string => `proposals/${id}`

export const answersOf = (command: string): string => `answers/${command}/`

export const answerName = (command: string, instance: string): string => `${answersOf(command)}${instance}`

export const encodeCommand = (command: FleetCommand): string => JSON.stringify({ schema: FLEET_SCHEMA, ...command })

/** Returns `undefined` for what this version does not understand. */
export const decodeCommand = (text: string): FleetCommand | undefined => {
  const value = parseFleetText(text)
  if (value === undefined) return undefined
  const { id, action, to } = value
  const isCommand = typeof id === 'string' && Array.isArray(to) && fleetActions.some((known) => known === action)
  return isCommand ? (value as unknown as FleetCommand) : undefined
}

export const encodeAnswer = (answer: FleetAnswer): string => JSON.stringify({ schema: FLEET_SCHEMA, ...answer })

export const decodeAnswer = (text: string): FleetAnswer | undefined => {
  const value = parseFleetText(text)
  if (value === undefined) return undefined
  const { command, instance, isDone } = value
  const isAnswer = typeof command === 'string' && typeof instance === 'string' && typeof isDone === 'boolean'
  return isAnswer ? (value as unknown as FleetAnswer) : undefined
}
