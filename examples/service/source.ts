import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Source } from 'changeover'
import { etcdSource, publish } from 'changeover/etcd'
import { fileSource } from 'changeover/file'

const template = readFileSync(new URL('config.template.json', import.meta.url), 'utf8')

/** A source, and how a person changes what it holds. */
export interface ServiceSource {
  readonly source: Source
  readonly howToEdit: string
}

/** etcd where ETCD_HOSTS says so, else a local file. Where nothing is there yet, it starts with the template. */
export const openSource = ({ ETCD_HOSTS, ETCD_KEY, CONFIG_FILE }: NodeJS.ProcessEnv): ServiceSource => {
  if (ETCD_HOSTS) {
    const target = { hosts: ETCD_HOSTS.split(','), key: ETCD_KEY || '/changeover/example' }
    return {
      source: seeded(etcdSource(target), () => publish(target, template, { ifRevision: '0' })),
      howToEdit: `etcdctl --endpoints=${ETCD_HOSTS} put ${target.key} < your-copy-of-config.template.json`,
    }
  }
  const path = CONFIG_FILE || fileURLToPath(new URL('config.local.json', import.meta.url))
  return {
    // Only its owner may read it: there may be a password in it one day.
    source: seeded(fileSource({ path }), () => writeFile(path, template, { flag: 'wx', mode: 0o600 })),
    howToEdit: `edit ${path}`,
  }
}

/**
 * Seeds a source that is empty at the start; a document that is deleted later stays deleted. As a source around a
 * source, so that one that cannot be reached yet is waited for by the reloader.
 */
const seeded = (source: Source, seed: () => Promise<unknown>): Source => {
  let isSeeded = false
  const read: Source['read'] = async (signal) => {
    let reading = await source.read(signal)
    if (reading.kind === 'missing' && !isSeeded) {
      await seed().catch(() => {}) // another may have been first; where it failed, the document is still missing
      reading = await source.read(signal)
    }
    isSeeded = true
    return reading
  }
  return { ...source, read }
}
