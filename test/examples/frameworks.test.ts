import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { readText } from '../architecture/project.ts'
import { startPostgres } from '../support/postgres.ts'
import { limits, PATIENT_MS, startExample, temporaryFolder, writeConfig } from './service-process.ts'

it.each(['fastify/reloader.ts', 'express/reloader.cjs', 'nest/reloader.ts'])(
  'examples/%s has all that the reloader needs in 40 lines',
  (file) => {
    const text = readText(`examples/${file}`)
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40)
    for (const part of ['createReloader(', 'Source(', 'schema: Config', '.use(']) expect(text).toContain(part)
  },
)

const logs = async () => ({ log: { level: 'info' } })

const database = async () => {
  const { host, port, user, password, database, stop } = await startPostgres()
  onTestFinished(stop)
  return { db: { host, port, user, password, database, max: 5 } }
}

const configOf = (limit: number, currency: string, more: object) => ({
  ...more,
  page: { limit },
  prices: { locale: 'en-US', currency },
})

describe.each([
  ['fastify', {}, logs],
  ['nest', { TSX_TSCONFIG_PATH: 'examples/nest/tsconfig.json' }, database],
] as const)('examples/%s', (name, env, partsOf) => {
  it(
    'serves one config an answer, follows the file, keeps what works, and is scraped',
    async () => {
      const more = await partsOf()
      const file = join(await temporaryFolder(), 'config.json')
      await writeConfig(file, configOf(2, 'USD', more))
      const example = startExample(join('..', name, 'main.ts'), { ...env, CONFIG_FILE: file, NODE_ENV: 'test' })
      const url = await vi.waitFor(() => {
        const found = /Serving on (http:\S+)\. /.exec(example.stdout())?.[1]
        if (found === undefined) throw new Error(`It does not serve.\n${example.stdout()}\n${example.stderr()}`)
        return found
      }, limits)
      const text = async (path: string) => (await fetch(`${url}${path}`)).text()
      const status = async (path: string) => (await fetch(`${url}${path}`)).status
      const products = async () =>
        JSON.parse(await text('/products')) as { limit: number; products: { price: string }[] }

      expect(await products()).toEqual({
        limit: 2,
        products: [
          { name: 'lamp', price: '$40.00' },
          { name: 'chair', price: '$50.00' },
        ],
      })
      const stream = await fetch(`${url}/limits`)
      const events = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
      let told = ''
      const untilTold = async (line: string): Promise<void> => {
        while (!told.includes(line)) told += (await events?.read())?.value ?? ''
      }
      await untilTold('data: 2')

      await writeConfig(file, configOf(3, 'EUR', more))
      await vi.waitFor(async () => {
        const page = await products()
        // Never a mixture, at any moment.
        expect(page.products.map(({ price }) => price[0])).toEqual(page.limit === 2 ? ['$', '$'] : ['€', '€', '€'])
        expect(page.limit).toBe(3)
      }, limits)
      await untilTold('data: 3')
      await events?.cancel()
      expect(await text('/metrics')).toMatch(/^config_reload_last_successful 1$/m)

      await writeConfig(file, configOf(4, 'E1', more))
      await vi.waitFor(async () => expect(await text('/metrics')).toMatch(/^config_reload_last_successful 0$/m), limits)
      expect((await products()).limit).toBe(3)
      expect([await status('/live'), await status('/ready')]).toEqual([200, 200])
      expect(await text('/metrics')).toMatch(/^config_generations\{module="prices",state="live"\} 1$/m)

      example.child.kill('SIGTERM')
      await example.exited
      expect(example.stderr()).toBe('')
    },
    PATIENT_MS,
  )
})
