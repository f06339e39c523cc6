/** The part of package.json that says what must be in the package. */
export interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
}

const pages = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md']
const built = /^dist\/(?:src|machines)\/.+\.(?:js|d\.ts)$/

/** What is missing from the package, and what should not be in it, as sentences. */
export const contentProblems = (files: readonly string[], { exports }: Manifest): readonly string[] => {
  const has = new Set(files)
  const targets = Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  )
  const wanted = new Set([...pages, ...targets.map((target) => target.replace(/^\.\//, ''))])
  const missing = [...wanted].filter((path) => !has.has(path)).map((path) => `${path} is missing`)
  const stray = files
    .filter((path) => !pages.includes(path) && !built.test(path))
    .map((path) => `${path} does not belong`)
  const single = files
    .filter((path) => built.test(path))
    .filter((path) => !has.has(path.endsWith('.js') ? path.replace(/\.js$/, '.d.ts') : path.replace(/\.d\.ts$/, '.js')))
    .map((path) => `${path} has no counterpart`)
  return [...missing, ...stray, ...single]
}

const specifiers = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([\w@.][\w@./:-]*)\1/g

/** All that a built file imports; a comment's example counts only where it says `from` or `import` before a string. */
export const builtImports = (text: string): readonly string[] => {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  return [...code.matchAll(specifiers)].map(([, , specifier = '']) => specifier)
}
