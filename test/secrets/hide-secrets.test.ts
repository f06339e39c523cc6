import { describe, expect, it } from 'vitest'
import { HiddenPlaces } from '../../src/model/secrets/hidden-places.ts'
import { hideSecrets } from '../../src/secrets/hide-secrets.ts'

const hiddenOf = (config: object, ...secrets: readonly string[]): readonly string[] => {
  const hidden = new HiddenPlaces()
  hideSecrets(hidden, config, new Map(secrets.map((value, index) => [`ref-${index}`, { value, version: '1' }])))
  return Object.keys(config).filter((key) => hidden.touches([key]))
}

describe('Of a config with secrets', () => {
  it('each value is hidden that is one or holds one, as it is, in a URL or in a JSON text, and no other', () => {
    const secret = 'a"b/c!9'
    const config = {
      is: secret,
      has: `user:${secret}@host`,
      url: `pg://user:${encodeURIComponent(secret)}@host`,
      json: JSON.stringify({ password: secret }),
      inside: { list: ['info', { deep: secret }] },
      level: 'info',
      port: 5432,
      off: false,
      none: null,
      other: { list: ['info', { deep: 'text' }] },
    }
    expect(hiddenOf(config, secret)).toEqual(['is', 'has', 'url', 'json', 'inside'])
  })

  it('a value is shown that holds only a part of a secret', () => {
    const [head, tail] = ['s3cret-', '3cret-9']
    const config = { head, tail, longerHead: `${head}!`, longerTail: `!${tail}`, all: 's3cret-9' }
    expect(hiddenOf(config, 's3cret-9')).toEqual(['all'])
  })

  it('a value that is a short secret is hidden, and one that only holds it is shown', () => {
    expect(hiddenOf({ is: '123', number: 123, has: '01234' }, '123')).toEqual(['is', 'number'])
    expect(hiddenOf({ is: '1234', number: 1234, has: '012345' }, '1234')).toEqual(['is', 'number', 'has'])
  })

  it('an object is hidden with a key that holds one', () => {
    expect(hiddenOf({ hosts: { 'user:s3cret-9': 1 }, others: { user: 1 } }, 's3cret-9')).toEqual(['hosts'])
  })
})
