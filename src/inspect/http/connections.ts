import type { Socket } from 'node:net'
import { addressKey } from './visitors.ts'

const MAX_CONNECTIONS = 64

/**
 * Bounds the open connections so that those without a session cannot shut out those with one: if there are too many, the
 * oldest connection that has not shown a session is closed, of the address that has most of them. A slow client that
 * connects again and again then only replaces itself.
 */
export class Connections {
  readonly #strangers = new Map<Socket, string>()
  readonly #known = new Set<Socket>()

  /** Lets a new connection in, and closes another one, or this one, if there are too many. */
  admit(socket: Socket): void {
    socket.on('close', () => {
      this.#strangers.delete(socket)
      this.#known.delete(socket)
    })
    this.#strangers.set(socket, addressKey(socket.remoteAddress))
    if (this.#strangers.size + this.#known.size <= MAX_CONNECTIONS) return
    const victim = this.#oldestOfMost(socket)
    this.#strangers.delete(victim)
    victim.destroy()
  }

  /** Notes that a session was shown on a connection. It then stays until its client or the inspector closes it. */
  keep(socket: Socket): void {
    if (this.#strangers.delete(socket)) this.#known.add(socket)
  }

  /** The newcomer is chosen only if all others have a session. */
  #oldestOfMost(newcomer: Socket): Socket {
    const counts = new Map<string, number>()
    for (const address of this.#strangers.values()) counts.set(address, (counts.get(address) ?? 0) + 1)
    const most = Math.max(...counts.values())
    const crowd = [...this.#strangers].find(([, address]) => counts.get(address) === most)
    return crowd?.[0] ?? newcomer
  }
}
