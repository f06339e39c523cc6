import type { Figure } from './figure.ts'

type Load = () => Promise<{ readonly figure: Figure }>

/** Each figure by its name, in the order of the table; loaded only if it is measured. */
export const figures = {
  latency: () => import('./figures/latency.ts'),
  reload: () => import('./figures/reload.ts'),
  read: () => import('./figures/read.ts'),
  noop: () => import('./figures/noop.ts'),
  layers: () => import('./figures/layers.ts'),
  apply: () => import('./figures/apply.ts'),
  storm: () => import('./figures/storm.ts'),
  peers: () => import('./figures/peers.ts'),
  service: () => import('./figures/service.ts'),
  fleet: () => import('./figures/fleet.ts'),
  swap: () => import('./figures/swap.ts'),
  soak100k: () => import('./figures/soak100k.ts'),
  import: () => import('./figures/import.ts'),
  command: () => import('./figures/command.ts'),
  simulate: () => import('./figures/simulate.ts'),
  inspector: () => import('./figures/inspector.ts'),
  metrics: () => import('./figures/metrics.ts'),
  pinned: () => import('./figures/pinned.ts'),
} as const satisfies Readonly<Record<string, Load>>

export type FigureName = keyof typeof figures

export const isFigureName = (name: string): name is FigureName => Object.hasOwn(figures, name)
