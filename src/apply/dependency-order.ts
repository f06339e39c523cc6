/** A node of the dependency graph, as far as the order of work is concerned. */
interface Ordered {
  readonly name: string
}

/** A piece of work and what waits for it. */
export interface QueuedTask<Task> {
  /** Undefined if the node has nothing to do but to keep those after it waiting. */
  readonly task: Task | undefined
  /** How many of the tasks before it have not ended. */
  left: number
  readonly after: QueuedTask<Task>[]
}

/**
 * Holds the tasks that may start: each once all before it have ended. A node without a task passes the wait on, so that
 * a chain stays a chain even if its middle has nothing to do.
 *
 * Counts down instead of awaiting promises: a thousand modules have some thousand edges (bench: apply).
 */
export class ReadyQueue<Node extends Ordered, Task> {
  // First in, first out; taken by an index, since shifting a long array moves it.
  readonly #ready: QueuedTask<Task>[] = []
  #taken = 0

  /** @param order every node, each after those that `before` names for it */
  constructor(
    order: Iterable<Node>,
    before: (node: Node) => readonly string[],
    taskOf: (node: Node) => Task | undefined,
  ) {
    const queued = new Map<string, QueuedTask<Task>>()
    for (const node of order) {
      const task = taskOf(node)
      const one: QueuedTask<Task> = { task, left: 0, after: [] }
      for (const name of before(node)) {
        const other = queued.get(name)
        if (other === undefined) continue
        other.after.push(one)
        one.left += 1
      }
      // A node with nothing to do and nothing to wait for has ended already.
      if (task === undefined && one.left === 0) continue
      if (one.left === 0) this.#ready.push(one)
      queued.set(node.name, one)
    }
  }

  /** How many may start now. */
  get waiting(): number {
    return this.#ready.length - this.#taken
  }

  /** The next that may start. */
  next(): QueuedTask<Task> | undefined {
    const one = this.#ready[this.#taken]
    if (one !== undefined) this.#taken += 1
    return one
  }

  /** Call it once for each that has ended: what waited for it alone is ready now. */
  end(one: QueuedTask<Task>): void {
    // A list, not a recursion: a chain may be as long as there are modules.
    const ended = [one]
    for (const { after } of ended) {
      for (const next of after) {
        next.left -= 1
        if (next.left > 0) continue
        if (next.task === undefined) ended.push(next)
        else this.#ready.push(next)
      }
    }
  }
}

type Work = () => Promise<unknown> | undefined

/** Starts each task when it is ready, and resolves when all have ended. Tasks must not reject; one that returns nothing has ended. */
export const inOrder = <Node extends Ordered>(
  order: Iterable<Node>,
  before: (node: Node) => readonly string[],
  taskOf: (node: Node) => Work | undefined,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const queue = new ReadyQueue<Node, Work>(order, before, taskOf)
    let running = 0
    const startReady = (): void => {
      for (let one = queue.next(); one !== undefined; one = queue.next()) {
        const current = one
        const pending = current.task?.()
        if (pending === undefined) {
          queue.end(current)
          continue
        }
        running += 1
        const onEnd = (): void => {
          running -= 1
          queue.end(current)
          startReady()
        }
        pending.then(onEnd).catch(reject)
      }
      if (running === 0) resolve()
    }
    startReady()
  })
