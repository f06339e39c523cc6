let last: Promise<unknown> = Promise.resolve()

/**
 * Has one history after the other play, also where several simulations run side by side: each has the process, and where
 * they are virtual its globals, to itself. None is slower for it, since a history never waits for the real world.
 */
export const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
  const turn = last.then(work)
  last = turn.catch(() => {})
  return turn
}
