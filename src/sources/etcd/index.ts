export { etcdSource } from './etcd-source.ts'
export type {
  EtcdConnection,
  EtcdDeadlines,
  EtcdKeyOptions,
  EtcdPrefixOptions,
  EtcdSourceOptions,
} from './options.ts'
export { publish, type PublishOptions, type PublishTarget } from './publish.ts'
