import type { ServerResponse } from 'node:http'
import { dataHeaders } from '../http/responses.ts'

/** Bytes that may wait for a reader; one who is slower than that is dropped, and comes back by itself. */
const MAX_WAITING = 1_048_576

/** One open stream of server-sent events. */
export class Viewer {
  readonly #response: ServerResponse

  constructor(response: ServerResponse, onGone: (viewer: Viewer) => void) {
    this.#response = response
    response.on('close', () => onGone(this))
    response.on('error', () => onGone(this))
    response.writeHead(200, { ...dataHeaders('text/event-stream; charset=utf-8'), 'x-accel-buffering': 'no' })
    response.write('retry: 1000\n\n')
  }

  write(frame: string): void {
    if (this.#response.destroyed || this.#response.writableEnded) return
    if (this.#response.writableLength > MAX_WAITING) this.#response.destroy()
    else this.#response.write(frame)
  }

  end(frame: string): void {
    this.write(frame)
    this.#response.end()
  }
}

/** One event as it goes over the wire. */
export const frameOf = (id: number, event: string, data: string): string =>
  `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`

/** Says nothing: proxies do not hang up, and a page notices a silent line. It has no id, as nobody goes on from it. */
export const HEARTBEAT = 'event: beat\ndata: {}\n\n'
