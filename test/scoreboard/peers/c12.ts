/**
 * `watchConfig` with `onUpdate`; the file is required, so that a file that vanishes does not empty the config. The file is
 * YAML: of a `.json` file c12 3.3 sees the first content for ever, since Node caches what jiti imports.
 */
import { basename, dirname, extname } from 'node:path'
import { load } from '../load.ts'
import type { Peer } from '../model.ts'

interface C12 {
  readonly watchConfig: (options: object) => Promise<{ readonly config: unknown }>
}

let watched: { readonly config: unknown } | undefined

export const peer: Peer = {
  start: async ({ target: { path = '' }, tellAll }) => {
    const { watchConfig } = await load<C12>('c12')
    watched = await watchConfig({
      cwd: dirname(path),
      configFile: basename(path, extname(path)),
      configFileRequired: true,
      rcFile: false,
      packageJson: false,
      globalRc: false,
      onUpdate: ({ newConfig }: { readonly newConfig: { readonly config: unknown } }) => tellAll(newConfig.config),
    })
    await tellAll(watched.config)
  },
  read: () => watched?.config,
}
