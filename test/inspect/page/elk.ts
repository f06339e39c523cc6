interface Point {
  readonly x: number
  readonly y: number
}

interface ElkLabel {
  readonly id: string
  readonly text: string
  readonly x?: number
  readonly y?: number
  readonly width: number
  readonly height: number
}

export interface ElkNode {
  readonly id: string
  readonly x?: number
  readonly y?: number
  readonly width?: number
  readonly height?: number
  readonly children?: readonly ElkNode[]
  readonly edges?: readonly ElkEdge[]
  readonly layoutOptions?: Readonly<Record<string, string>>
}

export interface ElkEdge {
  readonly id: string
  readonly sources: readonly string[]
  readonly targets: readonly string[]
  readonly labels?: readonly ElkLabel[]
  readonly sections?: readonly {
    readonly startPoint: Point
    readonly bendPoints?: readonly Point[]
    readonly endPoint: Point
  }[]
}

interface Elk {
  readonly layout: (graph: ElkNode) => Promise<ElkNode>
}

// elkjs is CommonJS: Node exports it as the default, but its types do not say so.
const { default: ELK } = (await import('elkjs')) as unknown as { readonly default: new () => Elk }

// Chosen by eye: top-down in the machine's order, with arrows that lead back around the outside.
const layered = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.padding': '[top=12,left=12,bottom=12,right=12]',
  'elk.randomSeed': '1',
  'elk.spacing.nodeNode': '20',
  'elk.spacing.edgeNode': '12',
  'elk.spacing.edgeEdge': '9',
  'elk.spacing.edgeLabel': '3',
  'elk.layered.spacing.nodeNodeBetweenLayers': '20',
  'elk.layered.spacing.edgeNodeBetweenLayers': '11',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '8',
  'elk.layered.cycleBreaking.strategy': 'MODEL_ORDER',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'LINEAR_SEGMENTS',
  'elk.layered.compaction.postCompaction.strategy': 'EDGE_LENGTH',
}

/** Lays out a graph. All coordinates start at the root's upper left corner. */
export const layOut = (graph: ElkNode): Promise<ElkNode> => new ELK().layout({ ...graph, layoutOptions: layered })
