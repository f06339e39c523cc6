import type { Path } from './not-plain.ts'

interface PathNode {
  readonly children: Map<string, PathNode>
  /** What follows a `*`. */
  any: PathNode | undefined
  /** True if the path that ends here is in the set, with everything below it. */
  isEnd: boolean
  /** True if only the path itself is in the set. */
  isLeaf: boolean
}

const createNode = (): PathNode => ({ children: new Map(), any: undefined, isEnd: false, isLeaf: false })

/** A set of paths, each with everything below it unless it is a leaf. */
export class PathSet {
  readonly #root = createNode()

  /** Dotted paths, in which `*` stands for any one key or index. */
  static of(patterns: readonly string[]): PathSet {
    const set = new PathSet()
    for (const pattern of patterns) set.#nodeOf(pattern.split('.'), '*').isEnd = true
    return set
  }

  get isEmpty(): boolean {
    return !this.#root.isEnd && this.#root.children.size === 0 && this.#root.any === undefined
  }

  add(path: Path): void {
    this.#nodeOf(path).isEnd = true
  }

  addLeaf(path: Path): void {
    this.#nodeOf(path).isLeaf = true
  }

  /** True if a path of the set is this one, or leads to it. */
  covers(path: Path): boolean {
    if (this.isEmpty) return false
    let nodes: readonly PathNode[] = [this.#root]
    for (const key of path) {
      if (nodes.some(({ isEnd }) => isEnd)) return true
      nodes = nextNodes(nodes, key)
    }
    return nodes.some(({ isEnd, isLeaf }) => isEnd || isLeaf)
  }

  /** True if a path of the set is this one, or lies below it. */
  reaches(path: Path): boolean {
    return !this.isEmpty && path.reduce(nextNodes, [this.#root]).length > 0
  }

  #nodeOf(path: Path, wildcard?: string): PathNode {
    let node = this.#root
    for (const segment of path) {
      const key = String(segment)
      const known = key === wildcard ? node.any : node.children.get(key)
      const next = known ?? createNode()
      if (key === wildcard) node.any = next
      else node.children.set(key, next)
      node = next
    }
    return node
  }
}

const nextNodes = (nodes: readonly PathNode[], key: string | number): PathNode[] =>
  nodes.flatMap(({ children, any }) => [children.get(String(key)), any].filter((node) => node !== undefined))
