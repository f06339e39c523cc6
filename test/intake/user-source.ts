import { createReloader, type Logger, type Source, type SourceEvent } from 'changeover'
import { createVirtualClock } from 'changeover/testing'
import { onTestFinished } from 'vitest'
import { z } from 'zod'

/** In every document; it must never be in a log, a status or a record. */
export const SECRET = 'hunter2-secret'

export const textOf = (n: number): string => JSON.stringify({ n, secret: SECRET })

const Config = z.strictObject({ n: z.number(), secret: z.string(), at: z.number().optional() })

/** What a user has written: `read` gets the text that the store holds and how many reads there were before. */
export interface UserSource {
  readonly read: (text: string, reads: number) => unknown
  /** What the watch yields after `opened` for each put. Default `changed`. */
  readonly report?: (text: string, puts: number) => unknown
  /** Replaces the whole watch. */
  readonly watch?: Source['watch']
}

/** Starts a reloader on a source that a user has written, in virtual time. It closes with the test. */
export const followUserSource = (user: UserSource) => {
  const clock = createVirtualClock()
  const lines: string[] = []
  let text = textOf(1)
  let reads = 0
  let puts = 0
  let notify: (() => void) | undefined
  const waiting: unknown[] = []

  async function* watch(_after: unknown, signal: AbortSignal): AsyncGenerator<SourceEvent> {
    waiting.length = 0
    yield { kind: 'opened' }
    while (!signal.aborted) {
      while (waiting.length > 0) yield waiting.shift() as SourceEvent
      await new Promise<void>((resolve) => {
        notify = resolve
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  const source: Source = {
    name: 'user',
    endpoint: 'nowhere',
    read: async () => user.read(text, reads++) as ReturnType<Source['read']>,
    watch: user.watch ?? watch,
  }
  const log = (data: object, message: string): void => void lines.push(`${JSON.stringify(data)} ${message}`)
  const logger: Logger = { debug: log, info: log, warn: log, error: log }
  const reloader = createReloader({ source, schema: Config, logger, clock })
  const started = reloader.start()
  started.catch(() => undefined)
  onTestFinished(async () => {
    const closed = reloader.close()
    await clock.advance(60_000)
    await closed
  })
  return {
    reloader,
    clock,
    /** Every line of the log. */
    lines,
    reads: () => reads,
    serving: (): number | undefined => (reloader.status().serving === undefined ? undefined : reloader.config.n),
    /** Changes what the store holds, and lets time pass. */
    put: async (next: string, ms = 1_000): Promise<void> => {
      text = next
      puts += 1
      waiting.push(user.report === undefined ? { kind: 'changed' } : user.report(text, puts))
      notify?.()
      await clock.advance(ms)
    },
    /** How often the log names the broken contract. */
    breaches: (): number => lines.filter((line) => line.includes('"code":"source.contract"')).length,
  }
}
