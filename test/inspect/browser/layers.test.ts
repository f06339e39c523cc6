import { createReloader } from 'changeover'
import { inspector } from 'changeover/inspect'
import { defaults, environment, layers } from 'changeover/layers'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { useChromium, visibleText } from './chromium.ts'
import { SECRET } from './service.ts'

const visit = useChromium()

const Config = z.strictObject({
  log: z.strictObject({ level: z.string() }),
  db: z.strictObject({ max: z.number(), password: z.string() }),
  quotas: z.record(z.string(), z.number()),
})

describe('The page of a service with layers', () => {
  it('lists the layers, says which is out of reach, and where each value comes from', async () => {
    const etcd = memorySource({ db: { password: SECRET } })
    const source = layers([
      defaults({ log: { level: 'info' }, db: { max: 10 }, quotas: {} }),
      { source: etcd, name: 'etcd' },
      environment({ prefix: 'APP_', env: { APP_DB__MAX: '20', APP_QUOTAS__ACME: '1' } }),
    ])
    const reloader = createReloader({ source, schema: Config, public: ['log', 'db.max'] })
    onTestFinished(() => reloader.close())
    await reloader.start()
    const inspected = await inspector({ reloader })
    onTestFinished(() => inspected.close())
    const { page } = await visit(inspected.url)
    await page.getByRole('tab', { name: 'Config' }).click()
    const tree = await visibleText(page.locator('.tree'))
    expect(tree).toContain('level "info" defaults: in the code')
    expect(tree).toContain('max 20 environment: APP_DB__MAX')
    expect(tree).toContain('password hidden etcd: 1')
    expect(tree).toContain('* hidden environment')
    expect(tree).not.toContain('ACME')
    expect(await page.content()).not.toContain(SECRET)
    const listed = page.getByRole('list', { name: 'Layers of the source' })
    expect(await listed.getByRole('listitem').count()).toBe(3)
    await listed.getByRole('listitem').first().getByText('environment').first().waitFor()

    etcd.failReads('source.unreachable')
    etcd.failWatches('source.unreachable')
    etcd.breakWatch('source.unreachable')
    await page.getByText('out of reach since').waitFor()
    expect(await visibleText(listed)).toMatch(/etcd 1 memory · memory out of reach since [\d:]+: source\.unreachable/)
    await page.locator('.facts').getByText('without etcd').waitFor()
  })
})

describe('The page of a service with one source', () => {
  it('lists no layers', async () => {
    const schema = z.strictObject({ log: z.strictObject({ level: z.string() }) })
    const reloader = createReloader({ source: memorySource({ log: { level: 'info' } }), schema })
    onTestFinished(() => reloader.close())
    await reloader.start()
    const inspected = await inspector({ reloader })
    onTestFinished(() => inspected.close())
    const { page } = await visit(inspected.url)
    await page.getByRole('tab', { name: 'Config' }).click()
    expect(await page.locator('.layers').isVisible()).toBe(false)
    expect(await visibleText(page.locator('.tree'))).toContain('level hidden memory@1')
  })
})
