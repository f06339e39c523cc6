import type { SchemaResult } from 'changeover'
import { describe, expect, it } from 'vitest'
import { type Config, expectRejected, good, SECRET, schemaOf, startService } from './service.ts'

describe('A schema', () => {
  it('may make getters, Proxies and objects without a prototype of plain data, and a frozen copy serves', async () => {
    const db = new Proxy(
      {
        max: 3,
        get password() {
          return SECRET
        },
      },
      {},
    )
    const schema = schemaOf<Config>(() => ({
      value: Object.assign(Object.create(null), { log: good.log, db }),
    }))
    const { reloader } = await startService({ schema })
    db.max = 4
    expect(reloader.config).toEqual({ log: good.log, db: { max: 3, password: SECRET } })
    expect(Object.getOwnPropertyDescriptor(reloader.config.db, 'password')).toMatchObject({
      writable: false,
      value: SECRET,
    })
    expect(Object.getPrototypeOf(reloader.config)).toBe(Object.prototype)
    await reloader.close()
  })

  it('that turns a member into undefined leaves it out', async () => {
    const schema = schemaOf<Config>((value) => ({ value: { ...(value as Config), limits: undefined } }))
    const { reloader } = await startService({ schema })
    expect(Object.keys(reloader.config)).toEqual(['log', 'db'])
    await reloader.close()
  })

  it('that answers after its deadline is ignored', async () => {
    let answer = (_: SchemaResult<Config>): void => {}
    const state = { hangs: false }
    const schema = schemaOf<Config>((value) =>
      state.hangs
        ? new Promise((resolve) => {
            answer = resolve
          })
        : { value: value as Config },
    )
    const service = await startService({ schema })
    state.hangs = true
    await expectRejected(service, { ...good, db: { max: 12, password: SECRET } }, { code: 'schema.timeout' })
    answer({ value: { ...good, db: { max: 12, password: SECRET } } })
    await service.clock.advance(10_000)
    expect(service.reloader.config.db.max).toBe(10)
    await service.reloader.close()
  })
})
