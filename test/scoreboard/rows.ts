import { apolloStore } from './stores/apollo.ts'
import { azureStore } from './stores/azure.ts'
import { etcdStore } from './stores/etcd.ts'
import { fileStore } from './stores/file.ts'
import { nacosStore } from './stores/nacos.ts'
import type { Store } from './stores/store.ts'

/** A column of the table, as it is run. */
export interface Contestant {
  /** The name by which `service.ts` knows the peer. */
  readonly id: string
  readonly title: string
  /** The package whose version is shown. */
  readonly from: string
  readonly store: string
  readonly openStore: (folder: string, fault: number) => Promise<Store>
  /** Faults, by number, that do not apply, and why. */
  readonly exempt: Readonly<Record<number, string>>
  /** What is to be said of a fault that was passed. */
  readonly remarks?: Readonly<Record<number, string>>
}

// The peer hands over text, or nothing: what is made of it is up to the service, and ours is a careful one.
const ownCode = {
  3: "the service's own parsing refused it",
  4: 'the service itself ignores a deletion',
}

// Two keys, and a fetch after the notification, are things of a prefix; all other faults have one key with a document.
const etcd = (folder: string, fault: number): Promise<Store> => etcdStore(folder, fault === 5 || fault === 9)

const noConnections = 'a file has no connections'

export const contestants: readonly Contestant[] = [
  {
    id: 'changeover-etcd',
    title: 'Changeover, etcd',
    from: 'changeover',
    store: 'a real etcd',
    openStore: etcd,
    exempt: {},
  },
  {
    id: 'changeover-file',
    title: 'Changeover, file',
    from: 'changeover',
    store: 'a JSON file',
    openStore: (folder) => fileStore(folder, 'service.json'),
    exempt: {
      7: noConnections,
      10: 'a file has no server; where there is no file at the start, `start` rejects and says so',
    },
  },
  {
    id: 'etcd3',
    title: 'etcd3 watch',
    from: 'etcd3',
    store: 'a real etcd',
    openStore: etcd,
    exempt: { 9: 'its events carry the values; nothing is fetched' },
    remarks: ownCode,
  },
  {
    id: 'c12',
    title: 'c12',
    from: 'c12',
    store: 'a YAML file',
    openStore: (folder) => fileStore(folder, 'service.yaml'),
    exempt: {
      7: noConnections,
      10: 'a file has no server; where there is no file at the start, `watchConfig` rejects, as it was asked to',
    },
  },
  {
    id: 'nacos',
    title: 'nacos',
    from: 'nacos',
    store: 'a server of its HTTP protocol',
    openStore: nacosStore,
    exempt: {},
    remarks: ownCode,
  },
  {
    id: 'apollo',
    title: 'ctrip-apollo',
    from: 'ctrip-apollo',
    store: 'a server of its HTTP protocol',
    openStore: apolloStore,
    exempt: { 3: 'properties have no syntax to break' },
  },
  {
    id: 'azure',
    title: 'Azure provider',
    from: '@azure/app-configuration-provider',
    store: 'a server of its HTTP protocol',
    openStore: azureStore,
    exempt: {},
  },
]
