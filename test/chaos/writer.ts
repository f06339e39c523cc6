import { setTimeout as sleep } from 'node:timers/promises'
import { isChangeoverError } from 'changeover'
import { publish } from 'changeover/etcd'

/** An acknowledged write. */
export interface Write {
  readonly n: number
  /** The name of the revision. */
  readonly name: string
}

export interface Writer {
  readonly acknowledged: readonly Write[]
  /** The number of writes whose result is unknown. */
  readonly unknown: () => number
  /** Starts or stops writing without a pause. */
  readonly hurry: (isOn: boolean) => void
  /** Makes the next writes about this large. */
  readonly swell: (writes: number, bytes: number) => void
  readonly stop: () => Promise<void>
}

/**
 * Writes `{"n":1}`, `{"n":2}`… each only over the one before, so that numbers rise with revisions: a write whose
 * response was lost cannot take effect later.
 */
export const startWriter = (hosts: readonly string[], key: string, pauseMs: number): Writer => {
  const acknowledged: Write[] = []
  let isStopped = false
  let isHurried = false
  let unknown = 0
  let large = { writes: 0, bytes: 0 }
  let n = 0
  let before = '0'

  const textOf = (): string => {
    if (large.writes <= 0) return JSON.stringify({ n })
    large = { ...large, writes: large.writes - 1 }
    return JSON.stringify({ n, pad: 'x'.repeat(large.bytes) })
  }
  const writeOne = async (): Promise<void> => {
    n += 1
    const target = { hosts, key, deadlines: { callMs: 1_500 } }
    try {
      before = await publish(target, textOf(), { ifRevision: before })
      acknowledged.push({ n, name: before })
    } catch (error) {
      if (!isChangeoverError(error)) throw error
      // The document was deleted, the store is another one, or our last write succeeded although its response was lost.
      if (error.code === 'source.conflict') before = error.revision ?? before
      else unknown += 1
    }
  }
  const running = (async () => {
    while (!isStopped) {
      await writeOne()
      await sleep(isHurried ? 0 : pauseMs)
    }
  })()
  return {
    acknowledged,
    unknown: () => unknown,
    hurry: (isOn) => {
      isHurried = isOn
    },
    swell: (writes, bytes) => {
      large = { writes, bytes }
    },
    stop: () => {
      isStopped = true
      return running
    },
  }
}
