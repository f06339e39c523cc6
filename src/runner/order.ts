/** A node of the dependency graph, as far as the order of work is concerned. */
interface Ordered {
  readonly name: string
}

/**
 * Starts each task when all that stand before it have ended, those that have no task of their own included: a chain is
 * a chain even where its middle has nothing to do. Tasks must not reject.
 *
 * @param order every node, each after those that `before` names for it
 */
export const inOrder = async <Node extends Ordered>(
  order: Iterable<Node>,
  before: (node: Node) => readonly string[],
  task: (node: Node) => (() => Promise<unknown>) | undefined,
): Promise<void> => {
  const ends = new Map<string, Promise<unknown>>()
  for (const node of order) {
    const awaited: Promise<unknown>[] = []
    for (const name of before(node)) {
      const end = ends.get(name)
      if (end !== undefined) awaited.push(end)
    }
    const run = task(node)
    if (run !== undefined) ends.set(node.name, awaited.length === 0 ? run() : Promise.all(awaited).then(run))
    else if (awaited.length > 0) ends.set(node.name, Promise.all(awaited))
  }
  await Promise.all(ends.values())
}
