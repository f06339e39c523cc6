import { expect, test } from 'vitest'
import { Snapshot } from '../../src/model/snapshot.ts'
import { ServingStore } from '../../src/modules/serving-store.ts'

const commit = (store: ServingStore, n: number): void => {
  const snapshot = new Snapshot({ n }, { name: `${n}`, order: n, lineage: 'one' }, `{"n":${n}}`, 'key')
  expect(store.commit({ snapshot, plan: new Map(), staged: new Map() }).kind).toBe('done')
}

test('leases of what served before are counted apart, and name each of their routes once, in order', () => {
  const store = new ServingStore()
  commit(store, 1)
  const holds = ['/b', undefined, '/a', '/b'].map((route) => store.hold({ route }))
  const unnamed = store.hold()
  expect(store.leases()).toEqual({ serving: 5, replaced: 0, routes: [] })
  commit(store, 2)
  const later = store.hold({ route: '/c' })
  expect(store.leases()).toEqual({ serving: 1, replaced: 5, routes: ['/a', '/b'] })
  // From the middle, the beginning and the end of the list.
  holds[2]?.release()
  expect(store.leases()).toEqual({ serving: 1, replaced: 4, routes: ['/b'] })
  holds[3]?.release()
  holds[0]?.release()
  expect(store.leases()).toEqual({ serving: 1, replaced: 2, routes: [] })
  holds[1]?.release()
  unnamed.release()
  later.release()
  expect(store.leases()).toEqual({ serving: 0, replaced: 0, routes: [] })
})
