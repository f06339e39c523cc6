/** The part of package.json that says what must be in the package. */
export interface Manifest {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>
  /** The commands, by name. */
  readonly bin?: Readonly<Record<string, string>>
  /** What is published beside the manifest and the pages. */
  readonly files?: readonly string[]
  /** What the package's own files import by a name with `#`, by condition. */
  readonly imports?: Readonly<Record<string, Readonly<Record<string, string>>>>
}

const pages = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md']
/** What Prometheus and Grafana read. */
const monitoring = ['monitoring/alerts.yml', 'monitoring/grafana.json']
const declaration = /^dist\/(?:src|machines)\/.+\.d\.ts$/
const chunk = /^dist\/chunks\/[a-z-]+\.js$/

/** The files with code that users import or run, by their paths in the package. */
export const entriesOf = ({ exports, bin = {} }: Manifest): readonly string[] => [
  ...Object.values(exports).flatMap((target) =>
    typeof target === 'string' ? [] : [target.default.replace(/^\.\//, '')],
  ),
  ...Object.values(bin),
]

/** The files that stand for packages, by their paths in the package. */
export const bridgesOf = ({ imports = {} }: Manifest): readonly string[] =>
  Object.values(imports).flatMap((targets) => Object.values(targets).map((target) => target.replace(/^\.\//, '')))

/** What is missing from the package, and what should not be in it, as sentences. */
export const contentProblems = (files: readonly string[], manifest: Manifest): readonly string[] => {
  const has = new Set(files)
  const shipped = manifest.files?.includes('monitoring') === true ? monitoring : []
  const entries = entriesOf(manifest)
  const bridges = bridgesOf(manifest)
  const isCode = (path: string): boolean => entries.includes(path) || chunk.test(path)
  const code = files.filter(isCode)
  const wanted = [
    ...pages,
    ...entries.flatMap((path) => [path, path.replace(/\.js$/, '.d.ts')]),
    ...code.map((path) => `${path}.map`),
    ...bridges,
    ...shipped,
  ]
  const belongs = (path: string): boolean =>
    [...pages, ...bridges, ...shipped].includes(path) || isCode(path) || declaration.test(path)
  return [
    ...wanted.filter((path) => !has.has(path)).map((path) => `${path} is missing`),
    ...files
      .filter((path) => !belongs(path) && !isCode(path.replace(/\.map$/, '')))
      .map((path) => `${path} does not belong`),
  ]
}

const specifiers = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([\w@.][\w@./:-]*)\1/g

/** All that a built file imports; a comment's example counts only where it says `from` or `import` before a string. */
export const builtImports = (text: string): readonly string[] => {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  return [...code.matchAll(specifiers)].map(([, , specifier = '']) => specifier)
}
