import { type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'

/** Listens on a free port, and resolves with the address. */
export const listen = async (server: Server): Promise<string> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return addressOf(server)
}

export const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

/** Sends a request and resolves with the response as soon as its head is there, and a function that aborts it. */
export const begin = async (url: string): Promise<{ response: IncomingMessage; abort: () => void }> => {
  const sent = request(url, { agent: false })
  sent.on('error', () => {})
  sent.end()
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.on('error', () => {})
  return { response, abort: () => sent.destroy() }
}

export const json = async (url: string, init?: RequestInit): Promise<{ status: number; body: never }> => {
  const response = await fetch(url, init)
  return { status: response.status, body: (await response.json()) as never }
}

/** A promise that is settled from outside. */
export const gate = (): { readonly open: () => void; readonly opened: Promise<void> } => {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}
