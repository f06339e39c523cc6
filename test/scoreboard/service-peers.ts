import type { Peer } from './model.ts'

/** Each peer by its name; loaded only if it is used. */
export const peers: Readonly<Record<string, () => Promise<{ readonly peer: Peer }>>> = {
  'changeover-etcd': () => import('./peers/changeover-etcd.ts'),
  'changeover-file': () => import('./peers/changeover-file.ts'),
  etcd3: () => import('./peers/etcd3.ts'),
  c12: () => import('./peers/c12.ts'),
  nacos: () => import('./peers/nacos.ts'),
  apollo: () => import('./peers/apollo.ts'),
  azure: () => import('./peers/azure.ts'),
}
