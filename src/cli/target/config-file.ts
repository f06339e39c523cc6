import { access, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { codeOf } from '../../files/code-of.ts'
import { changeoverError, isChangeoverError } from '../../model/failure.ts'
import { importModule } from './import-module.ts'
import { noProject, type Project, projectOf } from './project.ts'

const NAMES = ['ts', 'mts', 'js', 'mjs', 'cjs', 'json'].map((ending) => `changeover.config.${ending}`)

/**
 * Loads `changeover.config`: the file that is named, or the one in the folder. Without one, the command knows no schema.
 *
 * @throws ChangeoverError `command.config-failed`
 */
export const loadProject = async (named: string | undefined, folder: string): Promise<Project> => {
  const path = named === undefined ? await findConfig(folder) : resolve(folder, named)
  if (path === undefined) return noProject
  try {
    return projectOf(path, await exportsOf(path))
  } catch (error) {
    // What it throws may quote anything, so only its name and a known code are shown.
    throw isChangeoverError(error) ? error : changeoverError('command.config-failed', { detail: path }, error)
  }
}

const findConfig = async (folder: string): Promise<string | undefined> => {
  for (const name of NAMES) {
    const path = join(folder, name)
    const isThere = await access(path).then(
      () => true,
      () => false,
    )
    if (isThere) return path
  }
  return undefined
}

const exportsOf = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const module = extname(path) === '.json' ? await jsonOf(path) : await loadModule(path)
  const { default: given = module } = module
  // A CommonJS module that was compiled from an ES module has its exports one level deeper.
  const inner = (given as { readonly default?: unknown } | null)?.default ?? given
  if (typeof inner !== 'object' || inner === null) throw notAnObject(path)
  return inner as Readonly<Record<string, unknown>>
}

const notAnObject = (path: string) =>
  changeoverError('command.config-failed', {
    detail: `${path} must export an object: export default { source, schema }`,
  })

/** A JSON file names the module that has the schema: `"schema": "./schema.js#Config"`. */
const jsonOf = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const value = JSON.parse(await readFile(path, 'utf8')) as Readonly<Record<string, unknown>>
  if (typeof value !== 'object' || value === null) throw notAnObject(path)
  const { schema } = value
  if (typeof schema !== 'string') return value
  return { ...value, schema: await loadExport(schema, resolve(path, '..')) }
}

/** Loads what `FILE#NAME` stands for. */
export const loadExport = async (reference: string, folder: string): Promise<unknown> => {
  const [file = '', name = 'default'] = reference.split('#')
  const module = await loadModule(resolve(folder, file))
  if (name in module) return module[name]
  throw changeoverError('command.config-failed', { detail: `${file} does not export ${name}` })
}

const loadModule = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
  const isTypeScript = /^\.[mc]?ts$/.test(extname(path))
  const canStrip = Boolean((process.features as { readonly typescript?: unknown }).typescript)
  if (!isTypeScript) return importModule(pathToFileURL(path).href)
  if (!canStrip) {
    return importWithTsx(path, `${path} is TypeScript, which Node ${process.versions.node} cannot read: ${INSTALL_TSX}`)
  }
  try {
    return await importModule(pathToFileURL(path).href)
  } catch (error) {
    // Enums, and imports without the ending of the file, are what Node leaves to tools.
    const reason = beyondStripping.get(codeOf(error))
    if (reason === undefined) throw error
    return importWithTsx(path, `${path} ${reason}: ${INSTALL_TSX}`, error)
  }
}

const INSTALL_TSX = 'npm install --save-dev tsx'

const beyondStripping: ReadonlyMap<string, string> = new Map([
  ['ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', 'has TypeScript that Node does not strip, such as an enum'],
  ['ERR_MODULE_NOT_FOUND', 'imports what Node does not find; it needs the name of the file with its ending .ts'],
  ['ERR_UNSUPPORTED_DIR_IMPORT', 'imports a folder; Node needs the name of the file with its ending .ts'],
])

const importWithTsx = async (
  path: string,
  detail: string,
  cause?: unknown,
): Promise<Readonly<Record<string, unknown>>> => {
  const loader = tsxBeside(path)
  if (loader === undefined) throw changeoverError('command.config-failed', { detail }, cause)
  const { tsImport } = (await importModule(pathToFileURL(loader).href)) as unknown as Tsx
  return tsImport(pathToFileURL(path).href, pathToFileURL(path).href)
}

interface Tsx {
  readonly tsImport: (specifier: string, parent: string) => Promise<Readonly<Record<string, unknown>>>
}

/** Where tsx has its loader for ES modules: `resolve` of a require would find the one for CommonJS. */
const tsxBeside = (path: string): string | undefined => {
  try {
    const require = createRequire(path)
    const manifest = require.resolve('tsx/package.json')
    const { exports } = require(manifest) as { readonly exports: Readonly<Record<string, unknown>> }
    const entry = fileOf(exports['./esm/api'])
    return entry === undefined ? undefined : join(dirname(manifest), entry)
  } catch {
    return undefined
  }
}

const fileOf = (target: unknown): string | undefined => {
  if (typeof target === 'string') return target
  const { import: own, default: other } = (target ?? {}) as { readonly import?: unknown; readonly default?: unknown }
  return own === undefined && other === undefined ? undefined : fileOf(own ?? other)
}
