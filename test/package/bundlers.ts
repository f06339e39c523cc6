import { cp, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build, type BuildOptions } from 'esbuild'
import { runProgram } from '../../.ci/npm.ts'
import { projectFolder, requireTool, toolPath } from './tools.ts'

/** Bundles `main.js` of a folder into another one, and returns the path of the bundle. */
export type Bundle = (folder: string, into: string) => Promise<string>

const esbuild =
  (file: string, options: BuildOptions): Bundle =>
  async (folder, into) => {
    const extension = file.endsWith('.cjs') ? { outExtension: { '.js': '.cjs' } } : {}
    await build({
      absWorkingDir: folder,
      entryPoints: ['main.js'],
      outdir: into,
      bundle: true,
      platform: 'node',
      logLevel: 'silent',
      ...extension,
      ...options,
    })
    return join(into, file)
  }

const run = (folder: string, ...args: readonly string[]): Promise<string> => runProgram(process.execPath, args, folder)

const rolldown =
  (file: string, ...options: readonly string[]): Bundle =>
  async (folder, into) => {
    const format = file.endsWith('.cjs') ? 'cjs' : 'esm'
    const where = ['--platform', 'node', '--format', format, '-d', into, '--entry-file-names', file]
    await run(folder, toolPath('rolldown', 'bin', 'cli.mjs'), 'main.js', ...where, ...options)
    return join(into, file)
  }

type Webpack = (config: object, done: (error: Error | null, stats?: WebpackStats) => void) => void
interface WebpackStats {
  readonly hasErrors: () => boolean
  readonly toString: (options: object) => string
}

const webpack =
  (file: string, { output, ...options }: { readonly output?: object; readonly [name: string]: unknown }): Bundle =>
  async (folder, into) => {
    const where = { target: 'node20', context: folder, entry: './main.js', node: { __dirname: false } }
    const config = { mode: 'production', ...where, ...options, output: { path: into, filename: file, ...output } }
    const stats = await new Promise<WebpackStats | undefined>((resolve, reject) =>
      (requireTool('webpack') as Webpack)(config, (error, result) => (error ? reject(error) : resolve(result))),
    )
    if (stats?.hasErrors()) throw new Error(stats.toString({ all: false, errors: true }))
    return join(into, file)
  }

const ncc =
  (...options: readonly string[]): Bundle =>
  async (folder, into) => {
    await run(folder, toolPath('@vercel', 'ncc', 'dist', 'ncc', 'cli.js'), 'build', 'main.js', '-o', into, ...options)
    return join(into, 'index.js')
  }

/** Everything in one file, except what is named as external. */
const vite: Bundle = async (folder, into) => {
  const config = {
    logLevel: 'error',
    build: { ssr: 'main.js', target: 'node20', outDir: into },
    ssr: { noExternal: true, external: ['etcd3'] },
  }
  await mkdir(into, { recursive: true })
  const path = join(into, 'vite.config.mjs')
  await writeFile(path, `export default ${JSON.stringify(config)}\n`)
  await run(folder, join(projectFolder, 'node_modules', 'vite', 'bin', 'vite.js'), 'build', '--config', path)
  return join(into, 'main.js')
}

/** Copies what the file tracer of serverless platforms finds, and nothing else. */
const traced: Bundle = async (folder, into) => {
  const script = `
    import { nodeFileTrace } from ${JSON.stringify(toolPath('@vercel', 'nft', 'out', 'index.js'))}
    const { fileList } = await nodeFileTrace(['${folder}/main.js'], { base: '${dirname(folder)}' })
    console.log(JSON.stringify([...fileList]))`
  const files = JSON.parse(await run(folder, '--input-type=module', '--eval', script)) as readonly string[]
  for (const file of files) await cp(join(dirname(folder), file), join(into, file))
  await writeFile(join(into, 'package.json'), '{ "type": "module" }')
  // etcd3 reads two more files beside the one that is found.
  await copyProtos(folder, join(into, 'node_modules', 'etcd3', 'proto'))
  return join(into, 'bundlers', 'main.js')
}

const copyProtos = (folder: string, to: string): Promise<void> =>
  cp(join(dirname(folder), 'node_modules', 'etcd3', 'proto'), to, { recursive: true })

/** Puts etcd3's proto files to where a bundled etcd3 looks for them: beside the folder of the bundle. */
const withProtos =
  (bundle: Bundle): Bundle =>
  async (folder, into) => {
    await copyProtos(folder, join(into, 'proto'))
    return bundle(folder, join(into, 'dist'))
  }

/** Puts etcd3's proto files beside the bundle, where ncc has put one of them. */
const withFlatProtos =
  (bundle: Bundle): Bundle =>
  async (folder, into) => {
    const path = await bundle(folder, into)
    await copyProtos(folder, into)
    return path
  }

/** Gives CommonJS packages in a bundle of ES modules what they expect. */
const commonJsBanner = `
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const __dirname = import.meta.dirname
`

const unminified = { optimization: { minimize: false } }
const moduleOutput = {
  ...unminified,
  experiments: { outputModule: true },
  output: { module: true, chunkFormat: 'module' },
}
const external = ['etcd3']

/** Bundles that leave etcd3 in node_modules. */
export const withoutEtcd3: Readonly<Record<string, Bundle>> = {
  'esbuild to ES modules': esbuild('main.js', { format: 'esm', external }),
  'esbuild to minified ES modules in chunks': esbuild('main.js', {
    format: 'esm',
    external,
    minify: true,
    splitting: true,
  }),
  'esbuild to ES modules, with conditions': esbuild('main.js', { format: 'esm', external, conditions: ['staging'] }),
  'esbuild to ES modules, without tree shaking': esbuild('main.js', { format: 'esm', external, treeShaking: false }),
  'esbuild to ES modules, without any package': esbuild('main.js', { format: 'esm', packages: 'external' }),
  'esbuild to CommonJS': esbuild('main.cjs', { format: 'cjs', external }),
  'rolldown to ES modules': rolldown('main.js', '--external', 'etcd3'),
  'rolldown to CommonJS': rolldown('main.cjs', '--external', 'etcd3'),
  'webpack to CommonJS': webpack('main.cjs', { ...unminified, externals: { etcd3: 'commonjs etcd3' } }),
  'webpack to CommonJS in development': webpack('main.cjs', {
    mode: 'development',
    externals: { etcd3: 'commonjs etcd3' },
  }),
  'webpack to ES modules': webpack('main.js', { ...moduleOutput, externals: { etcd3: 'module etcd3' } }),
  'webpack to ES modules that require': webpack('main.js', {
    ...moduleOutput,
    externals: { etcd3: 'node-commonjs etcd3' },
  }),
  ncc: ncc('--external', 'etcd3'),
  'Vite for the server': vite,
  'a file tracer': traced,
}

/** Bundles that hold etcd3 too, and have its proto files copied. */
export const withEtcd3: Readonly<Record<string, Bundle>> = {
  'esbuild to ES modules, with a banner': withProtos(
    esbuild('main.js', { format: 'esm', banner: { js: commonJsBanner } }),
  ),
  'esbuild to CommonJS': withProtos(esbuild('main.cjs', { format: 'cjs' })),
  'rolldown to ES modules': withProtos(rolldown('main.js')),
  'rolldown to CommonJS': withProtos(rolldown('main.cjs')),
  'webpack to CommonJS': withProtos(webpack('main.cjs', unminified)),
  ncc: withFlatProtos(ncc()),
}

/** A bundle that leaves pg out, since it is CommonJS. */
export const withoutPg: Bundle = esbuild('pg.js', { entryPoints: ['pg.js'], format: 'esm', external: ['pg'] })

/** A bundle that holds etcd3 without its proto files. */
export const withoutProtos: Bundle = esbuild('main.cjs', { format: 'cjs' })
