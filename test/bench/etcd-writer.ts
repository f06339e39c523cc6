import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** What a writer is told to do. */
export type WriteOrder =
  /** Puts now to one key and now to the next, `spacingMs` apart, `count` in all. */
  | { readonly kind: 'spaced'; readonly keys: readonly string[]; readonly count: number; readonly spacingMs: number }
  /** Puts to one key as fast as etcd takes them. */
  | { readonly kind: 'flood'; readonly key: string; readonly count: number }

/** What it answers when it has done so. */
export interface Written {
  /** The version of the document that etcd took last. */
  readonly last: number
  /** When etcd had acknowledged the last put: nanoseconds of the system's monotonic clock, as text. */
  readonly endedAt: string
  readonly perSecond: number
}

export interface Writer {
  readonly write: (order: WriteOrder) => Promise<Written>
  readonly stop: () => Promise<void>
}

/** A writer in a process of its own: what it does takes no time from the service that is measured. */
export const startWriter = async (endpoint: string): Promise<Writer> => {
  const child = fork(join(import.meta.dirname, `etcd-writer-child${extension}`), [endpoint], { execArgv: [] })
  await answerOf(child)
  return {
    write: (order) => {
      const answer = answerOf<Written>(child)
      child.send(order)
      return answer
    },
    stop: async () => {
      if (child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.disconnect()
      await gone
    },
  }
}

/** Figures run as they are built. */
const extension = import.meta.filename.slice(import.meta.filename.lastIndexOf('.'))

/** The next message of a child; rejects if the child ends instead. */
export const answerOf = <Answer>(child: ChildProcess): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const onExit = (): void => {
      child.off('message', onMessage)
      reject(new Error('A helper process has ended'))
    }
    const onMessage = (message: unknown): void => {
      child.off('exit', onExit)
      resolve(message as Answer)
    }
    child.once('message', onMessage).once('exit', onExit)
  })
