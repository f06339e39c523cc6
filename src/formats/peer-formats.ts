import { jsoncFormat } from './jsonc-format.ts'
import type { FormatName, TextFormat } from './text-format.ts'
import { tomlFormat } from './toml-format.ts'
import { yamlFormat } from './yaml-format.ts'

/** The formats that need a package. */
export type PeerFormat = Exclude<FormatName, 'json'>

/** Makes a format of its package; undefined if the package is of a version that does not fit. */
export const makeFormat: { readonly [Name in PeerFormat]: (peer: never) => TextFormat | undefined } = {
  jsonc: jsoncFormat,
  yaml: yamlFormat,
  toml: tomlFormat,
}
