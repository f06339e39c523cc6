import { connect, type Socket } from 'node:net'

/** The least that a redis client does: one connection, commands in order, simple answers. */
export interface RedisClient {
  readonly send: (...command: readonly string[]) => Promise<string>
  readonly close: () => void
}

/** Resolves when connected. What waits for an answer when the connection ends gets the error of ioredis: without a code. */
export const connectRedis = ({ port }: { readonly port: number }): Promise<RedisClient> =>
  new Promise((resolve, reject) => {
    const socket: Socket = connect(port, '127.0.0.1')
    const waiting: { readonly resolve: (answer: string) => void; readonly reject: (error: Error) => void }[] = []
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      text += String(chunk)
      for (let end = text.indexOf('\r\n'); end >= 0; end = text.indexOf('\r\n')) {
        const line = text.slice(0, end)
        text = text.slice(end + 2)
        const call = waiting.shift()
        if (line.startsWith('-')) call?.reject(new Error(line.slice(1)))
        else call?.resolve(line.slice(1))
      }
    })
    socket.on('error', reject)
    socket.on('close', () => {
      for (const call of waiting.splice(0)) call.reject(new Error('Connection is closed.'))
    })
    socket.on('connect', () =>
      resolve({
        send: (...command) =>
          new Promise((answer, fail) => {
            if (socket.destroyed) return fail(new Error('Connection is closed.'))
            waiting.push({ resolve: answer, reject: fail })
            socket.write(
              `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
            )
          }),
        close: () => socket.destroy(),
      }),
    )
  })
