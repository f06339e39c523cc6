import type { Source } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { fileSource } from 'changeover/file'
import { defaults, environment, layers } from 'changeover/layers'
import { base } from './config.ts'

/** Makes one document of defaults, a YAML file, a key of etcd and variables; the last one that has a value wins. */
export const openSource = (file: string, env: NodeJS.ProcessEnv): Source => {
  const { ETCD_HOSTS, ETCD_KEY = '/app/overrides' } = env
  const overrides =
    ETCD_HOSTS === undefined
      ? []
      : // Without it the service starts and serves what the file says.
        [{ source: etcdSource({ hosts: ETCD_HOSTS.split(','), key: ETCD_KEY }), name: 'overrides', optional: true }]
  return layers([
    defaults(base),
    { source: fileSource({ path: file, format: 'yaml' }), name: 'file' },
    ...overrides,
    environment({ prefix: 'APP_', env }),
  ])
}
