import { SourceError } from '../../../api/source.ts'
import { raceAbort } from '../../../async/abort.ts'
import { HostConnection } from './host-connection.ts'
import type { EtcdSettings } from './settings.ts'

/** Provides the current connection, and replaces it when it may be broken. */
export class ConnectionPool {
  readonly #settings: EtcdSettings
  readonly #closed: AbortSignal
  readonly #open = new Set<HostConnection>()
  #current: HostConnection | undefined
  #opening: Promise<HostConnection> | undefined
  #next: number

  constructor(settings: EtcdSettings, closed: AbortSignal) {
    this.#settings = settings
    this.#closed = closed
    this.#next = Math.floor(Math.random() * settings.hosts.length)
  }

  /** Returns the current connection, and opens it for the first caller. Give it back with `release`. */
  async acquire(signal: AbortSignal): Promise<HostConnection> {
    const toError = (): SourceError => new SourceError('source.closed')
    const connection = this.#current ?? (await raceAbort(this.#connect(), signal, toError))
    connection.users += 1
    return connection
  }

  release(connection: HostConnection): void {
    connection.users -= 1
    if (connection.users === 0 && connection !== this.#current) this.#close(connection)
  }

  /** Makes the next `acquire` open a connection to the next host. This one is closed after its last `release`. */
  retire(connection: HostConnection): void {
    if (connection !== this.#current) return // several calls failed on one connection, and it is already replaced
    this.#current = undefined
    this.#next = (this.#next + 1) % this.#settings.hosts.length
  }

  close(): void {
    this.#current = undefined
    for (const connection of this.#open) this.#close(connection)
  }

  #connect(): Promise<HostConnection> {
    this.#opening ??= this.#openNext().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #openNext(): Promise<HostConnection> {
    const credentials = await this.#settings.credentials?.ask(this.#closed)
    if (this.#closed.aborted) throw new SourceError('source.closed')
    const connection = new HostConnection(this.#settings.hosts[this.#next] as string, this.#settings, credentials)
    this.#open.add(connection)
    this.#current = connection
    return connection
  }

  #close(connection: HostConnection): void {
    if (this.#open.delete(connection)) connection.close()
  }
}
