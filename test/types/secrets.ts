/** What the option `secrets` takes: checked by `npm run types`. */
import {
  createReloader,
  type GoodStore,
  type ReadSecret,
  SecretError,
  type SecretProvider,
  type Source,
} from 'changeover'
import { secretEnv, secretFiles } from 'changeover/secrets'
import { z } from 'zod'

declare const source: Source
const schema = z.object({ password: z.string() })

createReloader({ source, schema, secrets: { file: secretFiles('/run/secrets'), env: secretEnv() } })
createReloader({ source, schema, secrets: { vault: async (name, { signal }) => `${name}${signal.aborted}` } })
createReloader({ source, schema, secrets: { vault: () => undefined } })
createReloader({
  source,
  schema,
  secrets: { vault: { read: async () => ({ value: 'a', version: '1' }), watch: () => () => {}, refreshMs: 1_000 } },
})
// @ts-expect-error a secret is a text
createReloader({ source, schema, secrets: { vault: () => 7 } })
// @ts-expect-error a provider can read
createReloader({ source, schema, secrets: { vault: {} } })
// @ts-expect-error a watch returns what ends it
createReloader({ source, schema, secrets: { vault: { read: () => 'a', watch: () => {} } } })

export const read: ReadSecret = () => Promise.reject(new SecretError('secret.denied', new Error('any')))
export const provider: SecretProvider = { read }
// @ts-expect-error only codes of secrets
export const wrong = new SecretError('source.denied')
export const store: GoodStore = { encrypted: true, load: () => undefined, save: () => {} }
