import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { startEtcd } from '../support/etcd-server.ts'
import { limits, PATIENT_MS, startExample, temporaryFolder } from './service-process.ts'

const SECRET = 's3cret-of-the-layers'

it(
  'examples/layers serves defaults, YAML, etcd and the environment as one config, and explains it',
  async () => {
    const etcd = await startEtcd()
    onTestFinished(() => etcd.stop())
    const folder = await temporaryFolder()
    const file = join(folder, 'config.yaml')
    const write = async (text: string): Promise<void> => {
      await writeFile(`${file}.new`, text)
      await rename(`${file}.new`, file)
    }
    const secrets = join(folder, 'secrets')
    const rotate = async (token: string): Promise<void> => {
      await writeFile(join(folder, 'token.new'), token)
      await rename(join(folder, 'token.new'), join(secrets, 'api-token'))
    }
    await mkdir(secrets)
    await rotate(`${SECRET}-1`)
    await write('greeting: hello\npage:\n  limit: 20\napi: { token: { $secret: file:api-token } }\n')
    const env = {
      CONFIG_FILE: file,
      SECRETS_FOLDER: secrets,
      ETCD_HOSTS: `http://127.0.0.1:${etcd.port}`,
      ETCD_KEY: '/app/overrides',
      APP_PAGE__TTL_MS: '5',
    }
    const example = startExample(join('..', 'layers', 'main.ts'), env)
    const url = await vi.waitFor(() => {
      const found = /Serving on (http:\S+)\. Edit/.exec(example.stdout())?.[1]
      if (found === undefined) throw new Error(`It does not serve.\n${example.stdout()}\n${example.stderr()}`)
      return found
    }, limits)
    const get = async <T>(path: string): Promise<T> => (await fetch(`${url}${path}`)).json() as Promise<T>
    const { token: firstToken, ...config } = await get<{ readonly token: string }>('/')
    expect(config).toEqual({ log: { level: 'info' }, greeting: 'hello', page: { limit: 20, ttlMs: 5 } })
    await rotate(`${SECRET}-2`)
    await vi.waitFor(async () => expect(await get('/')).not.toMatchObject({ token: firstToken }), limits)
    await vi.waitFor(() => expect(example.stdout()).toContain('"trigger":"secret"'), limits)

    await etcd.admin(async (client) => client.put('/app/overrides').value('{"greeting":"good evening"}'))
    await vi.waitFor(async () => expect(await get('/')).toMatchObject({ greeting: 'good evening' }), limits)
    const explained = await get<{ origins: readonly object[] }>('/explain/greeting')
    expect(explained.origins).toMatchObject([
      { layer: 'overrides', kind: 'etcd', at: expect.stringMatching(/^\/app\/overrides@\d+$/), value: 'good evening' },
      { layer: 'file', kind: 'file', at: `${file}:1:11`, isHidden: true, value: 'hello' },
    ])

    await write('greeting: hello\npage: 3\napi: { token: { $secret: file:api-token } }\n')
    await vi.waitFor(() => expect(example.stdout()).toContain('document.layer-clash'), limits)
    expect(example.stdout()).toContain('"defaults\\" and \\"file')
    await write(
      'greeting: hello\npage:\n  limit: 30\nlog:\n  level: warn\napi: { token: { $secret: file:api-token } }\n',
    )
    await vi.waitFor(async () => expect(await get('/')).toMatchObject({ page: { limit: 30, ttlMs: 5 } }), limits)

    await etcd.stop()
    await write('greeting: hello\npage:\n  limit: 40\napi: { token: { $secret: file:api-token } }\n')
    await vi.waitFor(
      async () => expect(await get('/')).toMatchObject({ greeting: 'good evening', page: { limit: 40 } }),
      limits,
    )
    await vi.waitFor(async () => {
      const layers = await get<readonly { readonly name: string; readonly stale?: object }[]>('/status')
      expect(layers.filter(({ stale }) => stale !== undefined).map(({ name }) => name)).toEqual(['overrides'])
    }, limits)
    const said = example.stdout() + example.stderr() + (await readFile(file, 'utf8')) + JSON.stringify(await get('/'))
    expect(said).not.toContain(SECRET)
  },
  PATIENT_MS,
)
