export interface ModuleNode {
  readonly name: string
  readonly after: readonly string[]
}

interface PlacedModule {
  readonly name: string
  readonly x: number
  readonly y: number
}

export const MODULE_BOX = { width: 216, height: 62 } as const
const GAP_X = 52
const GAP_Y = 14
/** A taller layer is split into columns, so that sixty independent modules form a block and not a tower. */
const MAX_ROWS = 10
const SWEEPS = 4

/** Lays modules out from left to right. The modules must be in dependency order. */
export const layOutModules = (modules: readonly ModuleNode[]) => {
  const direct = reduceArrows(modules)
  const layers = assignLayers(direct)
  reduceCrossings(layers, direct)
  const columns = splitTallLayers(layers)
  const tallest = Math.max(0, ...columns.map(({ length }) => length))
  const height = Math.max(0, tallest * (MODULE_BOX.height + GAP_Y) - GAP_Y)
  const placed = new Map<string, PlacedModule>()
  for (const [column, names] of columns.entries()) {
    const top = (height - (names.length * (MODULE_BOX.height + GAP_Y) - GAP_Y)) / 2
    for (const [row, name] of names.entries()) {
      placed.set(name, { name, x: column * (MODULE_BOX.width + GAP_X), y: top + row * (MODULE_BOX.height + GAP_Y) })
    }
  }
  const arrows = [...direct].flatMap(([to, after]) =>
    after.flatMap((from) => {
      const [start, end] = [placed.get(from), placed.get(to)]
      return start === undefined || end === undefined ? [] : [{ from, to, path: curvePath(start, end) }]
    }),
  )
  const width = Math.max(0, columns.length * (MODULE_BOX.width + GAP_X) - GAP_X)
  return { width, height, modules: modules.flatMap(({ name }) => placed.get(name) ?? []), arrows }
}

/** Removes the arrows that others imply: if b is after a, then "after a and b" becomes "after b". */
const reduceArrows = (modules: readonly ModuleNode[]): ReadonlyMap<string, readonly string[]> => {
  const before = new Map<string, ReadonlySet<string>>()
  const direct = new Map<string, readonly string[]>()
  for (const { name, after } of modules) {
    const known = after.filter((each) => before.has(each))
    before.set(name, new Set(known.flatMap((each) => [each, ...(before.get(each) ?? [])])))
    direct.set(
      name,
      known.filter((each) => !known.some((other) => before.get(other)?.has(each) === true)),
    )
  }
  return direct
}

/** Puts each module into the layer after its last predecessor. */
const assignLayers = (direct: ReadonlyMap<string, readonly string[]>): string[][] => {
  const layers: string[][] = []
  for (const [name, layer] of computeDepths(direct)) {
    const column = layers[layer] ?? []
    layers[layer] = column
    column.push(name)
  }
  return layers
}

/** Returns the length of the longest dependency chain before each module. The modules must be in dependency order. */
export const computeDepths = (
  modules: Iterable<readonly [name: string, after: readonly string[]]>,
): ReadonlyMap<string, number> => {
  const depths = new Map<string, number>()
  for (const [name, after] of modules) depths.set(name, Math.max(-1, ...after.map((one) => depths.get(one) ?? -1)) + 1)
  return depths
}

/** Moves each module beside its neighbours, so that few arrows cross. */
const reduceCrossings = (columns: string[][], direct: ReadonlyMap<string, readonly string[]>): void => {
  const neighbours = new Map<string, string[]>()
  for (const [name, after] of direct) {
    for (const each of after) {
      neighbours.set(name, [...(neighbours.get(name) ?? []), each])
      neighbours.set(each, [...(neighbours.get(each) ?? []), name])
    }
  }
  const at = new Map<string, number>()
  const note = (column: readonly string[]): void => {
    for (const [index, name] of column.entries()) at.set(name, (index + 0.5) / column.length)
  }
  for (const column of columns) note(column)
  const weight = (name: string): number => {
    const around = (neighbours.get(name) ?? []).flatMap((each) => at.get(each) ?? [])
    return around.length === 0 ? (at.get(name) ?? 0) : around.reduce((sum, each) => sum + each, 0) / around.length
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    for (const column of sweep % 2 === 0 ? columns : columns.toReversed()) {
      const weights = new Map(column.map((name) => [name, weight(name)]))
      column.sort((a, b) => (weights.get(a) ?? 0) - (weights.get(b) ?? 0))
      note(column)
    }
  }
}

const splitTallLayers = (columns: readonly string[][]): readonly string[][] =>
  columns.flatMap((column) => {
    const parts = Math.ceil(column.length / MAX_ROWS)
    const each = Math.ceil(column.length / Math.max(1, parts))
    return Array.from({ length: parts }, (_, part) => column.slice(part * each, (part + 1) * each))
  })

const curvePath = (from: PlacedModule, to: PlacedModule): string => {
  const x1 = from.x + MODULE_BOX.width
  const y1 = from.y + MODULE_BOX.height / 2
  const y2 = to.y + MODULE_BOX.height / 2
  const bend = Math.max(24, (to.x - x1) / 2)
  return `M${x1} ${y1} C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}`
}
