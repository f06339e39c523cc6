import { etcdSource } from 'changeover/etcd'
import { changeover } from './changeover.ts'

export const peer = changeover(({ target: { endpoint: hosts = '', key = '', prefix } }) =>
  prefix === undefined ? etcdSource({ hosts, key }) : etcdSource({ hosts, prefix }),
)
