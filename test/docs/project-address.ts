import { readFileSync } from 'node:fs'

interface Manifest {
  readonly homepage: string
  readonly repository: { readonly type: string; readonly url: string }
  readonly bugs: { readonly url: string }
}

export const manifest: Manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

/** The repository's web address. package.json is the only place that names it; `write-docs` spreads it. */
export const repository = manifest.repository.url.replace(/^git\+/, '').replace(/\.git$/, '')

const branch = 'main'
const pages = `${repository}/blob/${branch}/`
const pictures = `${repository.replace('//github.com/', '//raw.githubusercontent.com/')}/${branch}/`

/** Returns the absolute address of a file of the repository: the file itself if it is a picture, otherwise its page. */
export const addressOf = (path: string): string => `${/\.(png|svg)(#|$)/.test(path) ? pictures : pages}${path}`

/** Maps an absolute address back to the path of a file; `undefined` if it leads elsewhere. */
export const pathOf = (address: string): string | undefined => {
  const base = [pages, pictures].find((one) => address.startsWith(one))
  return base === undefined ? undefined : address.slice(base.length)
}
