/** Made-up worlds for the page: states that a real reloader reaches only with effort, or too slowly for a test. */
export const NOW = Date.UTC(2026, 2, 14, 13, 59, 26)
export const revisionOf = (order) => ({ lineage: 'made-up', order, name: String(order) })
export const failureOf = (module, revision) => ({
  code: 'module.prepare-failed',
  message: `A module's prepare failed (module "${module}", phase prepare, revision ${revision})`,
  hint: 'See the cause. What served before keeps serving.',
  module,
  phase: 'prepare',
  revision: String(revision),
  cause: { name: 'Error', code: 'ECONNREFUSED' },
})
const phase = (name, startMs, durationMs, result = 'done') => ({
  phase: name,
  startMs,
  durationMs,
  result,
})
/** The names of a service of many modules, and what each comes after. */
export const manyModules = (count) =>
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
]
/** One that went well: prepared side by side, one tick, a soak, and the closing of what was replaced. */
const goodPhases = (index) => [
  phase('prepare', 2 + index * 4, 6 + ((index * 7) % 23)),
  phase('commit', 190, 0.2),
  phase('check', 192, 400),
  phase('close', 594, 4 + (index % 5) * 6),
]
const badPhases = (index, last) => {
  if (index === last) return [phase('prepare', 2 + index * 4, 55, 'failed')]
  if (index > last) return [phase('prepare', 4 + index * 4, 20, 'cancelled')]
  return [phase('prepare', 2 + index * 4, 6 + ((index * 7) % 23)), phase('close', 80, 3)]
}
export const transactionOf = (epoch, outcome, shape = fewModules) => {
  const isRefused = outcome === 'rejected'
  const hasFailed = outcome === 'rolled-back' || outcome === 'degraded'
  const bad = Math.min(2, shape.length - 1)
  const failures = hasFailed || isRefused ? [failureOf(shape[bad]?.module ?? 'db', epoch)] : []
  const modules = isRefused
    ? []
    : shape.map(({ module, after }, index) => ({
        module,
        after,
        change: index % 11 === 10 ? 'open' : 'replace',
        phases: hasFailed ? badPhases(index, bad) : goodPhases(index),
      }))
  return {
    id: `t-${epoch}`,
    epoch,
    trigger: epoch === 1 ? 'start' : 'change',
    revision: revisionOf(epoch),
    startedAt: NOW - (220 - epoch) * 47000,
    outcome,
    changes: modules.length,
    modules,
    failures,
    ...(failures[0] === undefined ? {} : { failure: failures[0] }),
    ...(outcome === 'running' ? {} : { durationMs: hasFailed ? 61 : isRefused ? 2.4 : 40 + ((epoch * 37) % 900) }),
    ...(outcome === 'degraded' ? { degraded: ['db', 'cache'] } : {}),
    ...(isRefused
      ? {}
      : {
          diff: {
            count: 4,
            differences: [
              { path: 'log.level', change: 'changed', from: 'info', to: 'debug' },
              { path: 'cache.intervalMs', change: 'changed', from: 30000, to: 1000 },
              { path: 'db.password', change: 'changed' },
              { path: 'limits.*', change: 'added' },
            ],
          },
        }),
  }
}
export const headOf = (whole) => {
  const { modules: _, failures: __, diff: ___, degraded: ____, ...head } = whole
  return head
}
const moduleStatus = (after, more = {}) => ({
  after,
  state: 'serving',
  opened: 7,
  closed: 6,
  live: 1,
  leaked: 0,
  ...more,
})
export const statusOf = (more = {}, shape = fewModules) => ({
  state: 'committed',
  since: NOW - 190000,
  serving: { revision: revisionOf(219), digest: 'd219' },
  lastKnownGood: { revision: revisionOf(219), digest: 'd219' },
  inSync: true,
  goodHistory: [219, 218, 217].map((order) => ({
    revision: revisionOf(order),
    digest: `d${order}`,
    provedAt: NOW - (220 - order) * 47000,
  })),
  quarantine: [],
  degraded: [],
  source: {
    name: 'etcd',
    endpoint: '10.2.0.11:2379,10.2.0.12:2379 /shop/config',
    state: 'watching',
    since: NOW - 4000000,
    revision: revisionOf(219),
    verifiedAt: NOW - 12000,
  },
  modules: Object.fromEntries(
    shape.map(({ module, after }, index) => [module, moduleStatus(after, index === 4 ? { leaked: 1, closed: 5 } : {})]),
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
const resting = (state) => ({
  machine: 'reload',
  value: { resting: state },
  state,
  active: ['reload.resting', `reload.resting.${state}`],
  event: 'xstate.done.actor.soakModules',
  taken: [],
  at: NOW - 190000,
})
export const helloOf = (more = {}) => ({
  status: statusOf(),
  charts: {
    reload: resting(more.status?.state ?? 'committed'),
    watch: {
      machine: 'watch',
      value: { following: 'watching' },
      state: 'watching',
      active: ['watch.following', 'watch.following.watching'],
      event: 'xstate.done.actor.readSource',
      taken: [],
      at: NOW - 4000000,
    },
    admission: {
      machine: 'admission',
      value: { following: 'calm' },
      state: 'calm',
      active: ['admission.following', 'admission.following.calm'],
      event: 'xstate.init',
      taken: [],
      at: NOW - 4000000,
    },
  },
  transactions: [],
  reported: [],
  actions: [],
  csrf: 'made-up',
  now: NOW,
  ...more,
})
/** Most go well. */
export const outcomeOf = (epoch) => {
  if (epoch % 17 === 0) return 'rolled-back'
  if (epoch % 23 === 0) return 'rejected'
  if (epoch % 13 === 0) return 'superseded'
  return epoch % 29 === 0 ? 'unchanged' : 'committed'
}
