/** A node of the dependency graph, as far as the order of work is concerned. */
interface Ordered {
  readonly name: string
}

/** A piece of work and what waits for it. */
export interface QueuedTask<Task> {
  /** Undefined where the node has nothing to do but to keep those after it waiting. */
  readonly task: Task | undefined
  /** How many of those before it have not ended. */
  left: number
  readonly after: QueuedTask<Task>[]
}

/**
 * Says what may start when: each task when all that stand before it have ended, those that have no task of their own
 * included. A chain is a chain even where its middle has nothing to do.
 *
 * Counts down instead of waiting for promises, since a transaction of a thousand modules has some thousand edges.
 */
export class ReadyQueue<Node extends Ordered, Task> {
  // First come first; taken by an index, since shifting a long array moves it.
  readonly #ready: QueuedTask<Task>[] = []
  #taken = 0

  /** @param order every node, each after those that `before` names for it */
  constructor(
    order: Iterable<Node>,
    before: (node: Node) => readonly string[],
    taskOf: (node: Node) => Task | undefined,
  ) {
    const turns = new Map<string, QueuedTask<Task>>()
    for (const node of order) {
      const task = taskOf(node)
      let turn: QueuedTask<Task> | undefined
      for (const other of before(node)) {
        const waited = turns.get(other)
        if (waited === undefined) continue
        turn ??= { task, left: 0, after: [] }
        turn.left += 1
        waited.after.push(turn)
      }
      if (turn === undefined && task !== undefined) {
        turn = { task, left: 0, after: [] }
        this.#ready.push(turn)
      }
      // What has nothing to do and nobody to wait for has ended already.
      if (turn !== undefined) turns.set(node.name, turn)
    }
  }

  /** How many may start now. */
  get waiting(): number {
    return this.#ready.length - this.#taken
  }

  /** The next that may start. */
  next(): QueuedTask<Task> | undefined {
    const turn = this.#ready[this.#taken]
    if (turn !== undefined) this.#taken += 1
    return turn
  }

  /** Call it once for each that has ended: what waited for it alone is ready now. */
  end(turn: QueuedTask<Task>): void {
    // A list, not a recursion: a chain may be as long as there are modules.
    const ended = [turn]
    for (const { after } of ended) {
      for (const waiting of after) {
        waiting.left -= 1
        if (waiting.left > 0) continue
        if (waiting.task === undefined) ended.push(waiting)
        else this.#ready.push(waiting)
      }
    }
  }
}

type Work = () => Promise<unknown> | undefined

/** Starts each task in its turn; one that returns nothing has ended. Resolves when all have. Tasks must not reject. */
export const inOrder = <Node extends Ordered>(
  order: Iterable<Node>,
  before: (node: Node) => readonly string[],
  taskOf: (node: Node) => Work | undefined,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const turns = new ReadyQueue<Node, Work>(order, before, taskOf)
    let running = 0
    const start = (): void => {
      for (let turn = turns.next(); turn !== undefined; turn = turns.next()) {
        const current = turn
        const pending = current.task?.()
        if (pending === undefined) {
          turns.end(current)
          continue
        }
        running += 1
        const goOn = (): void => {
          running -= 1
          turns.end(current)
          start()
        }
        pending.then(goOn).catch(reject)
      }
      if (running === 0) resolve()
    }
    start()
  })
