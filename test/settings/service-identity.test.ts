import { hostname } from 'node:os'
import { createVirtualClock } from 'changeover/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { resolveService } from '../../src/settings/service-identity.ts'

const clock = createVirtualClock()

describe('The identity of a service', () => {
  afterEach(() => vi.unstubAllEnvs())

  it('is what the process knows of itself by default', () => {
    vi.stubEnv('npm_package_name', undefined)
    vi.stubEnv('npm_package_version', undefined)
    const { name, host, pid, startedAt, ...rest } = resolveService(undefined, '', clock)
    expect(name).not.toBe('')
    expect({ host, pid, rest }).toEqual({ host: hostname(), pid: process.pid, rest: {} })
    expect(startedAt).toBeLessThanOrEqual(clock.now())
  })

  it('has the name and version of the npm package whose script runs', () => {
    vi.stubEnv('npm_package_name', '@acme/shop')
    vi.stubEnv('npm_package_version', '1.4.2')
    expect(resolveService(undefined, '', clock)).toMatchObject({ name: '@acme/shop', version: '1.4.2' })
  })

  it('is what the options say', () => {
    const given = { name: 'shop', version: '2', host: 'web-7' }
    expect(resolveService(given, '9f1c', clock)).toMatchObject({ ...given, build: '9f1c' })
  })

  it.each([
    ['an unknown name', { title: 'shop' }],
    ['a name that is no text', { name: 5 }],
    ['an empty name', { name: ' ' }],
    ['a version that is too long', { version: 'x'.repeat(201) }],
    ['a host of null', { host: null }],
    ['a text', 'shop'],
    ['null', null],
  ])('is refused with %s', (_, given) => {
    const resolve = () => resolveService(given as never, '', clock)
    expect(resolve).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
  })
})
