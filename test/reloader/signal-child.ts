/**
 * A service that closes on signals: `signal-child <settings as JSON>`. Writes a line for all that happens. Nothing in it
 * catches what `start` or `reload` reject with.
 */
import { writeSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closeOnSignals, createReloader, type Failure } from 'changeover'
import { type MemorySource, memorySource } from 'changeover/testing'
import { z } from 'zod'

export interface SignalSettings {
  readonly timeoutMs?: number
  /** The close of the module never ends. */
  readonly isHung?: boolean
  /** `onClosed` never ends. */
  readonly isAfterHung?: boolean
  /** The source never answers, so that `start` waits. */
  readonly isSilent?: boolean
  /** Where the last known good is kept. */
  readonly lastKnownGood?: string
  readonly soakMs?: number
  /** How many reloaders close on signals. */
  readonly reloaders?: number
  /** The service itself listens to SIGUSR2. */
  readonly hasOwnListener?: boolean
  readonly isFrozen?: boolean
  /** Sends itself two signals at once. */
  readonly sendsTwo?: boolean
  /** Begins the start only after a signal. */
  readonly isLate?: boolean
  /** Removes the handlers at once. */
  readonly isRemoved?: boolean
}

// Ends the process even if its test does not.
setTimeout(() => process.exit(3), 300_000).unref()

const settings: SignalSettings = JSON.parse(process.argv[2] ?? '{}')
const say = (line: string): void => void writeSync(1, `${line}\n`)
const never = (): Promise<never> => new Promise(() => {})

const create = (name: string, source: MemorySource) => {
  const note = (data: object): void =>
    say(`${name} ${(data as { changeover: Partial<Failure> }).changeover.code ?? 'record'}`)
  return createReloader({
    source: settings.isSilent === true ? { ...source, read: never } : source,
    schema: z.object({ n: z.number() }),
    soak: settings.soakMs ?? 0,
    logger: { debug: () => {}, info: () => {}, warn: note, error: note },
    ...(settings.lastKnownGood === undefined ? {} : { lastKnownGood: settings.lastKnownGood }),
  }).use('db', (config) => config.n, {
    prepare: (n: number) => {
      say(`${name} prepared ${n}`)
      const close = async (): Promise<void> => {
        say(`${name} closing`)
        if (settings.isHung === true) await never()
        // Long enough for the end of another reloader to cut it short.
        await new Promise((resolve) => setTimeout(resolve, name === 'r0' ? 0 : 300))
        say(`${name} closed`)
      }
      return { instance: n, close }
    },
  })
}

const source = memorySource({ n: 1 })
const reloader = create('r0', source)
const others = Array.from({ length: (settings.reloaders ?? 1) - 1 }, (_, index) =>
  create(`r${index + 1}`, memorySource({ n: 1 })),
)

// Answers to /slow only when the config is read after /finish.
const waiting: (() => void)[] = []
const server = createServer((request, response) => {
  const { url = '' } = request
  if (url === '/slow') {
    say('slow')
    waiting.push(() => response.end(`slow ${reloader.config.n}`))
  } else if (url === '/put') {
    source.put({ n: 2 })
    response.end()
  } else response.end(String(reloader.config.n))
})
server.on('close', () => say('server closed'))

const remove = closeOnSignals(reloader, {
  server,
  ...(settings.timeoutMs === undefined ? {} : { timeoutMs: settings.timeoutMs }),
  onClosed: () => {
    say('after')
    if (settings.isLate === true) return new Promise((resolve) => setTimeout(resolve, 1_000))
    return settings.isAfterHung === true ? never() : undefined
  },
})
for (const other of others) closeOnSignals(other)
if (settings.isRemoved === true) remove()
if (settings.hasOwnListener === true) process.on('SIGUSR2', () => say('own listener'))
// The answer comes a little after the signal.
process.prependListener('SIGTERM', () => {
  say('SIGTERM')
  setTimeout(() => {
    for (const answer of waiting.splice(0)) answer()
  }, 200)
})

await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
say(`starting ${(server.address() as AddressInfo).port}`)
// Signals come here too: a person presses Ctrl-C, an orchestrator changes its mind.
await new Promise((resolve) => setTimeout(resolve, 100))
if (settings.isLate === true)
  await new Promise<void>((resolve) => process.once('SIGTERM', () => setTimeout(resolve, 500)))
await Promise.all(others.map((other) => other.start()))
await reloader.start()
if (settings.isFrozen === true) await reloader.freeze('by the test')
say('started')
if (settings.sendsTwo === true) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.kill(process.pid, signal)
