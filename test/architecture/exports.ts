import type { Violation } from './layers.ts'

export interface PublishedPackage {
  readonly exports: Readonly<Record<string, string | { readonly types?: string; readonly default?: string }>>
}

const sourceOf = (built: string): string => built.replace(/^\.\/dist\//, '').replace(/\.js$/, '.ts')

/** Subpaths whose file is missing, that have no types, or that the compiler's `paths` know otherwise. */
export const exportViolations = (
  { exports }: PublishedPackage,
  paths: Readonly<Record<string, readonly string[]>>,
  exists: (path: string) => boolean,
): readonly Violation[] => {
  const found: Violation[] = []
  const names = new Set<string>()
  for (const [subpath, target] of Object.entries(exports)) {
    if (typeof target === 'string') {
      if (!exists(target)) found.push(`${subpath} leads to ${target}, which is not there`)
      continue
    }
    const { types, default: code } = target
    const source = sourceOf(code ?? '')
    const name = `changeover${subpath.slice(1)}`
    names.add(name)
    if (code === undefined || types !== code.replace(/\.js$/, '.d.ts'))
      found.push(`${subpath} has types and code that do not match`)
    if (!exists(source)) found.push(`${subpath} is made from ${source}, which is not there`)
    if (paths[name]?.[0] !== `./${source}`) found.push(`${subpath} is not ${source} in tsconfig.json's paths`)
  }
  for (const name of Object.keys(paths)) {
    if (!names.has(name)) found.push(`tsconfig.json's paths have ${name}, which is not exported`)
  }
  return found
}
