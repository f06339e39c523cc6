import { readFileSync } from 'node:fs'
import { memorySource } from 'changeover/testing'
import pino from 'pino'
import { createService } from '../../examples/service/service.ts'
import { observationOf } from '../../src/api/internal/observation.ts'
import type { Follower } from '../../src/api/internal/inspected.ts'
import { changedLeaves } from '../../src/model/data/changed-leaves.ts'
import { PathSet } from '../../src/model/data/path-set.ts'
import { followedPaths } from '../../src/modules/followed-paths.ts'

const template = readFileSync(new URL('../../examples/service/config.template.json', import.meta.url), 'utf8')

/** A document of the example service that has everything that its schema allows. */
const sample = (): object => {
  const { db, ...rest } = JSON.parse(template) as { readonly db: object }
  return { ...rest, db: { ...db, user: 'app', password: 'app' } }
}

const ways: Readonly<Record<Follower['way'], string>> = {
  replaced: 'a new generation is prepared, and replaces the old one',
  'in place': 'the module changes in place, and takes the change back if another fails',
}

/** The table "path → who follows it → how it changes" of the example service. */
export const followTable = (): string => {
  const config = sample()
  const service = createService({
    source: memorySource(config),
    address: 'postgres://127.0.0.1/app',
    logger: pino({ level: 'silent' }),
  })
  const followers = (observationOf(service).inspected?.followers() ?? []).map(({ name, select, way }) => {
    const paths = new PathSet()
    for (const path of followedPaths(select, config)) paths.add(path)
    return { name, paths, way }
  })
  const rows = [...changedLeaves(undefined, config)].map((path) => {
    const found = followers.filter(({ paths }) => paths.covers(path))
    const names = found.map(({ name }) => `\`${name}\``).join(', ') || 'nothing'
    const how = [...new Set(found.map(({ way }) => ways[way]))].join('; ') || 'nothing acts on it'
    return `| \`${path.join('.')}\` | ${names} | ${how} |`
  })
  return ['| Path | Followed by | How it changes |', '|---|---|---|', ...rows].join('\n')
}
