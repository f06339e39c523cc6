import { jsonFormat } from './json-format.ts'
import { formatMissing, type FormatName, type TextFormat } from './text-format.ts'
import type { PeerFormat } from './peer-formats.ts'

/** Imports the package of a format. */
export type ImportPeer = (name: PeerFormat) => Promise<unknown>

const importPeer: ImportPeer = (name) => {
  if (name === 'jsonc') return import('jsonc-parser')
  return name === 'yaml' ? import('yaml') : import('smol-toml')
}

/**
 * Loads a format, and its package when it is first used.
 *
 * @throws ChangeoverError `document.format-missing` with the command that installs the package
 */
export const loadFormat = async (name: FormatName, peerOf: ImportPeer = importPeer): Promise<TextFormat> => {
  if (name === 'json') return jsonFormat
  const { makeFormat } = await import('./peer-formats.ts')
  let format: TextFormat | undefined
  let cause: unknown
  try {
    const peer = await peerOf(name)
    // A package in CommonJS may have its functions in `default` only.
    format =
      makeFormat[name](peer as never) ?? makeFormat[name]((peer as { readonly default?: unknown }).default as never)
  } catch (error) {
    cause = error
  }
  if (format === undefined) throw formatMissing(name, cause ?? new Error('the version of the package does not fit'))
  return format
}
