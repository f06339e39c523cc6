import { expect, it } from 'vitest'
import type { ReadResult } from '../../src/api/source.ts'
import { toReadResult } from '../../src/intake/read-result.ts'

const revision = { lineage: 'a', order: 1, name: '1' }

it('A malformed document keeps a copy of the entry that made it so', () => {
  const key = ['service', 'limits']
  const malformed = { kind: 'malformed', code: 'document.malformed', revision, entry: { key, index: 2, count: 5 } }
  const copy = toReadResult(malformed as ReadResult)
  key.length = 0
  expect(copy).toEqual({ ...malformed, entry: { key: ['service', 'limits'], index: 2, count: 5 } })
})

it('A document keeps a copy of all that is known of it', () => {
  const layers = ['file', 'etcd']
  const about = { fingerprint: 'f', origins: () => [], warning: 'source.stale', layers }
  const document = { kind: 'document', revision, content: '{}', ...about }
  const copy = toReadResult(document as unknown as ReadResult)
  layers.length = 0
  expect(copy).toStrictEqual({ ...document, layers: ['file', 'etcd'] })
  expect(toReadResult({ kind: 'missing', revision })).toStrictEqual({ kind: 'missing', revision })
})
