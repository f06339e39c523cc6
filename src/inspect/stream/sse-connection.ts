import type { ServerResponse } from 'node:http'
import { dataHeaders } from '../http/responses.ts'

/** A client with more unread bytes is disconnected; its browser reconnects by itself. */
const MAX_BUFFERED_BYTES = 1_048_576

/** One open stream of server-sent events. */
export class SseConnection {
  readonly #response: ServerResponse

  constructor(response: ServerResponse, onClose: (connection: SseConnection) => void) {
    this.#response = response
    response.on('close', () => onClose(this))
    response.on('error', () => onClose(this))
    response.writeHead(200, { ...dataHeaders('text/event-stream; charset=utf-8'), 'x-accel-buffering': 'no' })
    response.write('retry: 1000\n\n')
  }

  write(frame: string): void {
    if (this.#response.destroyed || this.#response.writableEnded) return
    if (this.#response.writableLength > MAX_BUFFERED_BYTES) this.#response.destroy()
    else this.#response.write(frame)
  }

  /** Writes a last frame and closes the stream. */
  end(frame: string): void {
    this.write(frame)
    this.#response.end()
  }
}

/** Formats one server-sent event. */
export const formatFrame = (id: number, event: string, data: unknown): string =>
  `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** Keeps proxies from hanging up, and lets the page notice a dead line. It has no id, because no stream resumes from it. */
export const HEARTBEAT_FRAME = 'event: heartbeat\ndata: {}\n\n'
