import { once } from 'node:events'
import { type RawData, WebSocket } from 'ws'

/** The part of a frame that is read here. */
interface Frame {
  readonly type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot'
  readonly sessionId: string
  readonly name?: string
  readonly parentId?: string
  readonly event?: { readonly type: string }
  readonly snapshot?: { readonly value?: unknown }
}

/** Much longer than anything here takes. */
const TIMEOUT_MS = 120_000
const RETRY_MS = 20

/** Connects to the relay as its page does. The relay does not say when it listens, so this retries until it does. */
const connect = async (url: string, onMessage: (data: RawData) => void): Promise<WebSocket> => {
  const deadline = Date.now() + TIMEOUT_MS
  for (;;) {
    const socket = new WebSocket(url)
    socket.on('message', onMessage) // the relay begins with the frames that it has sent before
    try {
      await once(socket, 'open')
      return socket
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

/** Formats `{ applying: 'preparing' }` as `applying.preparing`. */
const pathOf = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([state, inner]) => `${state}.${pathOf(inner)}`)
    .join(' ')
}

/** Formats `xstate.done.actor.prepareModules` as `prepareModules: done`. */
const labelOf = (event: string): string =>
  event
    .replace(/^xstate\.(done|error)\.actor\.(.+)$/, '$2: $1')
    .replace(/^xstate\.after\.([^.]+)\..+$/, '$1 has passed')
    .replace(/^xstate\.init$/, 'it starts')

/** Receives the frames. `onStep` gets each step of a machine as a readable line. */
export const receiveFrames = async (url: string, onStep: (line: string) => void) => {
  const texts: string[] = []
  const machines = new Map<string, { readonly name: string; state: string }>()
  const steps: string[] = []

  const take = ({ type, sessionId, parentId, name = sessionId, event, snapshot }: Frame): void => {
    if (type === '@xstate.actor' && parentId === undefined) machines.set(sessionId, { name, state: '' })
    const machine = machines.get(sessionId)
    const state = pathOf(snapshot?.value)
    // An event that does not change the state is no step. The steps of actors are shown by their machine.
    if (type !== '@xstate.snapshot' || machine === undefined || machine.state === state) return
    machine.state = state
    steps.push(`${machine.name} ${state}`)
    onStep(`${machine.name.padEnd(11)}${labelOf(event?.type ?? '').padEnd(24)} → ${state}`)
  }
  const socket = await connect(url, (data) => {
    const text = String(data)
    texts.push(text)
    take(JSON.parse(text) as Frame)
  })
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  return {
    /** All frames, as they arrived. */
    texts,
    /** The names of the machines. */
    names: () => [...machines.values()].map(({ name }) => name).sort(),
    /** The number of steps so far. */
    steps: () => steps.length,
    /** Waits until a machine has entered a state, in a step after the first `seen`. */
    untilState: async (machine: string, state: string, seen: number): Promise<void> => {
      const signal = AbortSignal.timeout(TIMEOUT_MS)
      while (!steps.includes(`${machine} ${state}`, seen)) await once(socket, 'message', { signal })
    },
    /** Resolves when the relay has ended, and its last frame is here. */
    ended,
    close: async (): Promise<void> => {
      socket.close()
      await ended
    },
  }
}

export type Frames = Awaited<ReturnType<typeof receiveFrames>>
