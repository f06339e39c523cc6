import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Source } from 'changeover'
import { etcdSource, publish } from 'changeover/etcd'
import { fileSource } from 'changeover/file'

const template = readFileSync(new URL('config.template.json', import.meta.url), 'utf8')

/** A source, and how a person edits its document. */
export interface ServiceSource {
  readonly source: Source
  readonly howToEdit: string
}

/** Opens etcd if ETCD_HOSTS is set, otherwise a local file. A missing document is created from the template. */
export const openSource = ({ ETCD_HOSTS, ETCD_KEY, CONFIG_FILE }: NodeJS.ProcessEnv): ServiceSource => {
  if (ETCD_HOSTS) {
    const target = { hosts: ETCD_HOSTS.split(','), key: ETCD_KEY || '/changeover/example' }
    return {
      source: seeded(etcdSource(target), () => publish(target, template, { ifRevision: '0' })),
      howToEdit: `npx changeover edit --hosts ${ETCD_HOSTS} --key ${target.key}`,
    }
  }
  const path = CONFIG_FILE || fileURLToPath(new URL('config.local.json', import.meta.url))
  return {
    // Only its owner may read it, since it may contain a password one day.
    source: seeded(fileSource({ path }), () => writeFile(path, template, { flag: 'wx', mode: 0o600 })),
    howToEdit: `edit ${path}`,
  }
}

/**
 * Creates the document if it is missing at the start. A document that is deleted later stays deleted. The first read does
 * this, so that the reloader waits for a source that cannot be reached yet.
 */
const seeded = (source: Source, seed: () => Promise<unknown>): Source => {
  let isSeeded = false
  const read: Source['read'] = async (signal) => {
    let result = await source.read(signal)
    if (result.kind === 'missing' && !isSeeded) {
      await seed().catch(() => {}) // after a failure, the second read finds the document of another process, or none
      result = await source.read(signal)
    }
    isSeeded = true
    return result
  }
  return { ...source, read }
}
