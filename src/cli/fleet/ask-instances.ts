import { randomBytes } from 'node:crypto'
import { systemClock } from '../../api/clock.ts'
import { sleep } from '../../async/deadline.ts'
import {
  answersOf,
  commandName,
  decodeAnswer,
  encodeCommand,
  type FleetAnswer,
  type FleetCommand,
  proposalName,
} from '../../fleet/fleet-command.ts'
import type { FleetStore } from '../../fleet/fleet-store.ts'

const POLL_MS = 100
/** What the lease of a command lasts beyond its wait, in milliseconds. */
const SPARE_MS = 5_000

/** A command before it has an id. */
export interface Question extends Omit<FleetCommand, 'id'> {
  /** The document of a preflight. */
  readonly proposal?: string
}

/**
 * Asks instances to do something, and collects their answers until all have answered or the time is over. What was asked is
 * removed at the end; if the command dies, its lease ends.
 */
export const askInstances = async (
  store: FleetStore,
  { proposal, ...question }: Question,
  waitMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FleetAnswer>> => {
  const command: FleetCommand = { ...question, id: randomBytes(8).toString('hex') }
  const until = systemClock.monotonic() + waitMs
  const lease = await store.grant(waitMs + SPARE_MS, signal)
  try {
    if (proposal !== undefined) {
      await store.write({ expect: {}, put: { [proposalName(command.id)]: proposal }, lease }, signal)
    }
    await store.write({ expect: {}, put: { [commandName(command.id)]: encodeCommand(command) }, lease }, signal)
    for (;;) {
      const { entries } = await store.list(answersOf(command.id), signal)
      const answers = entries.flatMap(({ text }) => decodeAnswer(text) ?? [])
      const byInstance = new Map(answers.map((answer) => [answer.instance, answer]))
      const isComplete = command.to.every((id) => byInstance.has(id))
      if (isComplete || systemClock.monotonic() >= until) return byInstance
      await sleep(systemClock, POLL_MS, signal)
      signal.throwIfAborted()
    }
  } finally {
    await store.revoke(lease, new AbortController().signal).catch(() => {})
  }
}
