import { describe, expect, it } from 'vitest'
import { readJson } from './project.ts'

interface LockedPackage {
  readonly version?: string
  readonly resolved?: string
  readonly integrity?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}
type Packages = Readonly<Record<string, LockedPackage>>

const { packages } = readJson<{ packages: Packages }>('package-lock.json')
const manifest = readJson<LockedPackage & { readonly allowScripts: Readonly<Record<string, boolean>> }>('package.json')

/** Where Node would find a package from another's folder. */
const find = (name: string, from: string, all: Packages): string | undefined => {
  for (let folder = from; ; folder = folder.replace(/(^|\/)node_modules\/(?:@[^/]+\/)?[^/]+$/, '')) {
    const at = `${folder === '' ? '' : `${folder}/`}node_modules/${name}`
    if (all[at] !== undefined) return at
    if (folder === '') return undefined
  }
}

const missing = (all: Packages): readonly string[] =>
  Object.entries(all).flatMap(([path, { dependencies, devDependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...(path === '' ? devDependencies : {}), ...optionalDependencies })
      .filter((name) => find(name, path, all) === undefined)
      .map((name) => `${path || 'the project'} needs ${name}`),
  )

describe('the lockfile', () => {
  it('has every package that any of its packages may install, on every platform, or npm ci refuses it', () => {
    // A registry that lacks other platforms' packages makes npm leave them out: add them like their siblings then.
    expect(missing(packages)).toEqual([])
  })

  it('asks for the same packages as package.json', () => {
    expect(packages['']?.dependencies).toEqual(manifest.dependencies)
    expect(packages['']?.devDependencies).toEqual(manifest.devDependencies)
  })

  it('names no registry, so that each clone uses its own', () => {
    const resolved = Object.entries(packages).filter(([, { resolved }]) => resolved !== undefined)
    expect(resolved).toEqual([])
  })

  it('says by a hash what each package must contain', () => {
    const unchecked = Object.entries(packages).filter(([path, { integrity }]) => path !== '' && integrity === undefined)
    expect(unchecked.map(([path]) => path)).toEqual([])
  })

  it('has no install script that package.json does not decide on', () => {
    const scripts = Object.entries(packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript)
      .map(([path]) => path.replace(/^.*node_modules\//, ''))
    expect(scripts.sort()).toEqual(Object.keys(manifest.allowScripts).sort())
  })
})

describe('the check of the lockfile', () => {
  it('finds a package that is nowhere, and one that stands where its user cannot see it', () => {
    const all = {
      '': { dependencies: { a: '1' }, devDependencies: { d: '1' } },
      'node_modules/a': { optionalDependencies: { '@x/b': '1' }, dependencies: { c: '1' } },
      'node_modules/a/node_modules/c': {},
      'node_modules/d': { dependencies: { c: '1' } },
    }
    expect(missing(all)).toEqual(['node_modules/a needs @x/b', 'node_modules/d needs c'])
  })
})
