import type { Around } from '../steps.ts'

/** Runs tasks step by step; `choose` says whose next step it is. Ends when all have ended. */
export const interleave = async (
  tasks: readonly ((around: Around) => Promise<unknown>)[],
  choose: (options: number) => number,
): Promise<void> => {
  /** The steps of each task that are ready; a task may have begun several at once. */
  const waiting = tasks.map((): (() => void)[] => [])
  const running = new Set(tasks.keys())
  const ends = tasks.map((task, index) => {
    const around: Around = async (_, run) => {
      if (running.has(index)) await new Promise<void>((resolve) => waiting[index]?.push(resolve))
      return run()
    }
    return task(around).finally(() => running.delete(index))
  })
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  for (await settle(); running.size > 0; await settle()) {
    const ready = waiting.filter(({ length }) => length > 0)
    if (ready.length > 0) ready[ready.length < 2 ? 0 : choose(ready.length)]?.shift()?.()
  }
  await Promise.all(ends)
}
