import { once } from 'node:events'
import { type RawData, WebSocket } from 'ws'

/** As much of a frame as is read here. */
interface Frame {
  readonly type: '@xstate.actor' | '@xstate.event' | '@xstate.snapshot'
  readonly sessionId: string
  readonly name?: string
  readonly parentId?: string
  readonly event?: { readonly type: string }
  readonly snapshot?: { readonly value?: unknown }
}

const PATIENCE_MS = 10_000
const RETRY_MS = 20

/** Connects to the relay as its page does; the relay does not say when it listens, so it is tried until it does. */
const connect = async (url: string, onMessage: (data: RawData) => void): Promise<WebSocket> => {
  const lastTry = Date.now() + PATIENCE_MS
  for (;;) {
    const socket = new WebSocket(url)
    socket.on('message', onMessage) // the relay repeats at once what it has sent before
    try {
      await once(socket, 'open')
      return socket
    } catch (error) {
      if (Date.now() > lastTry) throw error
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

/** `{ applying: 'preparing' }` as `applying.preparing`. */
const pathOf = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([state, inner]) => `${state}.${pathOf(inner)}`)
    .join(' ')
}

/** `xstate.done.actor.prepareModules` as people say it. */
const wordsOf = (event: string): string =>
  event
    .replace(/^xstate\.(done|error)\.actor\.(.+)$/, '$2: $1')
    .replace(/^xstate\.after\.([^.]+)\..+$/, '$1 has passed')
    .replace(/^xstate\.init$/, 'it starts')

/** Receives the frames; `onStep` is told each step of a machine, as a line for people. */
export const receiveFrames = async (url: string, onStep: (line: string) => void) => {
  const texts: string[] = []
  const machines = new Map<string, { readonly name: string; state: string }>()
  const steps: string[] = []

  const take = ({ type, sessionId, parentId, name = sessionId, event, snapshot }: Frame): void => {
    if (type === '@xstate.actor' && parentId === undefined) machines.set(sessionId, { name, state: '' })
    const machine = machines.get(sessionId)
    const state = pathOf(snapshot?.value)
    // What a machine only notes is no step; what the actors say of themselves is told by their machine.
    if (type !== '@xstate.snapshot' || machine === undefined || machine.state === state) return
    machine.state = state
    steps.push(`${machine.name} ${state}`)
    onStep(`${machine.name.padEnd(11)}${wordsOf(event?.type ?? '').padEnd(24)} → ${state}`)
  }
  const socket = await connect(url, (data) => {
    const text = String(data)
    texts.push(text)
    take(JSON.parse(text) as Frame)
  })
  return {
    /** Every frame, as it came. */
    texts,
    /** What the machines are called. */
    names: () => [...machines.values()].map(({ name }) => name).sort(),
    /** How many steps have been seen. */
    steps: () => steps.length,
    /** Waits until a machine has gone into a state, in a step after the first `seen`. */
    untilState: async (machine: string, state: string, seen: number): Promise<void> => {
      const signal = AbortSignal.timeout(PATIENCE_MS)
      while (!steps.includes(`${machine} ${state}`, seen)) await once(socket, 'message', { signal })
    },
    close: async (): Promise<void> => {
      if (socket.readyState === WebSocket.CLOSED) return
      const closed = once(socket, 'close')
      socket.close()
      await closed
    },
  }
}

export type Frames = Awaited<ReturnType<typeof receiveFrames>>
