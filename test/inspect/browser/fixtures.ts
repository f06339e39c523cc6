import type { Failure, ModuleStatus, Outcome, Phase, ReloaderStatus, Revision } from 'changeover'
import type { ConfigNode, ConfigTree } from '../../../src/api/internal/inspected.ts'
import type {
  Hello,
  InspectedModule,
  InspectedPhase,
  InspectedTransaction,
  TransactionSummary,
} from '../../../src/inspect/stream/protocol.ts'

// States of a service that a real reloader reaches only with effort, or too slowly for a test.

export const NOW = Date.UTC(2026, 2, 14, 13, 59, 26)

export const createRevision = (order: number): Revision => ({ lineage: 'made-up', order, name: String(order) })

export const createFailure = (module: string, revision: number): Failure => ({
  code: 'module.prepare-failed',
  message: `The module could not prepare its next generation (module "${module}", phase prepare, revision ${revision})`,
  hint: 'Check the cause, then correct the document or the system that the module connects to.',
  module,
  phase: 'prepare',
  revision: String(revision),
  cause: { name: 'Error', code: 'ECONNREFUSED' },
})

const phase = (name: Phase, startMs: number, durationMs: number, result: InspectedPhase['result'] = 'done') => ({
  phase: name,
  startMs,
  durationMs,
  result,
})

/** Names the modules of a large service and their dependencies. */
export const manyModules = (count: number): readonly { readonly module: string; readonly after: readonly string[] }[] =>
  Array.from({ length: count }, (_, index) => ({
    module: index % 9 === 0 ? `a-module-with-a-long-name-${index}` : `module-${index}`,
    after: index < 4 ? [] : [`${(index - 4) % 9 === 0 ? 'a-module-with-a-long-name-' : 'module-'}${index - 4}`],
  }))

export const fewModules = [
  { module: 'logger', after: [] },
  { module: 'db', after: ['logger'] },
  { module: 'cache', after: ['db'] },
  { module: 'limits', after: ['logger'] },
  { module: 'mail', after: ['logger'] },
  { module: 'search', after: ['db', 'limits'] },
] as const

/** The phases of a module in a committed transaction. */
const goodPhases = (index: number): readonly InspectedPhase[] => [
  phase('prepare', 2 + index * 4, 6 + ((index * 7) % 23)),
  phase('commit', 190, 0.2),
  phase('check', 192, 400),
  phase('close', 594, 4 + (index % 5) * 6),
]

/** The phases of a module in a transaction that failed at the module with the index `failedIndex`. */
const badPhases = (index: number, failedIndex: number): readonly InspectedPhase[] => {
  if (index === failedIndex) return [phase('prepare', 2 + index * 4, 55, 'failed')]
  if (index > failedIndex) return [phase('prepare', 4 + index * 4, 20, 'cancelled')]
  return [phase('prepare', 2 + index * 4, 6 + ((index * 7) % 23)), phase('close', 80, 3)]
}

export const createTransaction = (
  epoch: number,
  outcome: Outcome | 'running',
  shape: readonly { readonly module: string; readonly after: readonly string[] }[] = fewModules,
): InspectedTransaction => {
  const isRejected = outcome === 'rejected'
  const hasFailed = outcome === 'rolled-back' || outcome === 'degraded'
  const bad = Math.min(2, shape.length - 1)
  const failures = hasFailed || isRejected ? [createFailure(shape[bad]?.module ?? 'db', epoch)] : []
  const modules = isRejected
    ? []
    : shape.map(
        ({ module, after }, index): InspectedModule => ({
          module,
          after,
          change: index % 11 === 10 ? 'open' : 'replace',
          phases: hasFailed ? badPhases(index, bad) : goodPhases(index),
        }),
      )
  return {
    id: `t-${epoch}`,
    epoch,
    trigger: epoch === 1 ? 'start' : 'change',
    revision: createRevision(epoch),
    startedAt: NOW - (220 - epoch) * 47_000,
    outcome,
    changes: modules.length,
    modules,
    failures,
    ...(failures[0] === undefined ? {} : { failure: failures[0] }),
    ...(outcome === 'running' ? {} : { durationMs: hasFailed ? 61 : isRejected ? 2.4 : 40 + ((epoch * 37) % 900) }),
    ...(outcome === 'degraded' ? { degraded: ['db', 'cache'] } : {}),
    ...(isRejected
      ? {}
      : {
          diff: {
            count: 4,
            differences: [
              { path: 'log.level', change: 'changed', from: 'info', to: 'debug' },
              { path: 'cache.intervalMs', change: 'changed', from: 30_000, to: 1_000 },
              { path: 'db.password', change: 'changed' },
              { path: 'limits.*', change: 'added' },
            ],
          },
        }),
  }
}

export const summarize = (transaction: InspectedTransaction): TransactionSummary => {
  const { modules: _, failures: __, diff: ___, degraded: ____, ...summary } = transaction
  return summary
}

const createModuleStatus = (after: readonly string[], more: Partial<ModuleStatus> = {}): ModuleStatus => ({
  after,
  state: 'serving',
  opened: 7,
  closed: 6,
  live: 1,
  leaked: 0,
  ...more,
})

export const createStatus = (
  more: Partial<ReloaderStatus> = {},
  shape: readonly { readonly module: string; readonly after: readonly string[] }[] = fewModules,
): ReloaderStatus => ({
  id: 'made-up',
  state: 'committed',
  since: NOW - 190_000,
  serving: { revision: createRevision(219), digest: 'd219' },
  lastKnownGood: { revision: createRevision(219), digest: 'd219' },
  inSync: true,
  goodHistory: [219, 218, 217].map((order) => ({
    revision: createRevision(order),
    digest: `d${order}`,
    provedAt: NOW - (220 - order) * 47_000,
  })),
  quarantine: [],
  degraded: [],
  source: {
    name: 'etcd',
    endpoint: '10.2.0.11:2379,10.2.0.12:2379 /shop/config',
    state: 'watching',
    since: NOW - 4_000_000,
    revision: createRevision(219),
    verifiedAt: NOW - 12_000,
  },
  modules: Object.fromEntries(
    shape.map(({ module, after }, index) => [
      module,
      createModuleStatus(after, index === 4 ? { leaked: 1, closed: 5 } : {}),
    ]),
  ),
  counters: {
    committed: 1,
    unchanged: 0,
    rejected: 0,
    'rolled-back': 0,
    superseded: 0,
    aborted: 0,
    degraded: 0,
    reported: 0,
  },
  ...more,
})

const restingIn = (state: string) =>
  ({
    machine: 'reload',
    value: { resting: state },
    state,
    active: ['reload.resting', `reload.resting.${state}`],
    event: 'xstate.done.actor.soakModules',
    taken: [],
    at: NOW - 190_000,
  }) as const

const part = (key: string, more: Partial<ConfigNode> = {}): ConfigNode => ({
  key,
  kind: more.children === undefined ? 'value' : 'object',
  modules: [],
  isUnfollowed: false,
  ...more,
})

/** A config with every kind of part. */
const configTree: ConfigTree = {
  root: part('(root)', {
    children: [
      part('log', { modules: ['logger'], children: [part('level', { value: 'info' })] }),
      part('db', {
        modules: ['db'],
        children: [part('host'), part('password'), part('replicas', { kind: 'array', children: [part('0')] })],
      }),
      part('legacy', { isUnfollowed: true, children: [part('*', { isUnfollowed: true, value: 'x'.repeat(400) })] }),
    ],
  }),
  omitted: 3,
}

export const createHello = (more: Partial<Hello> = {}): Hello => ({
  service: { name: 'shop', version: '1.4.2', host: 'web-7', pid: 4711, build: '9f1c', startedAt: NOW - 4_000_000 },
  config: configTree,
  holds: { leases: { serving: 2, replaced: 1 }, draining: { cache: 1 }, routes: ['GET /products/:id'] },
  status: createStatus(),
  machines: {
    reload: restingIn(more.status?.state ?? 'committed'),
    watch: {
      machine: 'watch',
      value: { following: 'watching' },
      state: 'watching',
      active: ['watch.following', 'watch.following.watching'],
      event: 'xstate.done.actor.readSource',
      taken: [],
      at: NOW - 4_000_000,
    },
    admission: {
      machine: 'admission',
      value: { following: 'calm' },
      state: 'calm',
      active: ['admission.following', 'admission.following.calm'],
      event: 'xstate.init',
      taken: [],
      at: NOW - 4_000_000,
    },
  },
  transactions: [],
  reported: [],
  actions: [],
  csrfToken: 'made-up',
  now: NOW,
  ...more,
})

/** Picks an outcome for a transaction; most are committed. */
export const pickOutcome = (epoch: number): Outcome => {
  if (epoch % 17 === 0) return 'rolled-back'
  if (epoch % 23 === 0) return 'rejected'
  if (epoch % 13 === 0) return 'superseded'
  return epoch % 29 === 0 ? 'unchanged' : 'committed'
}
