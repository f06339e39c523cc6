import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, posix } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Packed, runNpm, runProgram } from '../../.ci/npm.ts'
import { builtImports, contentProblems, type Manifest } from '../../.ci/package-content.ts'
import { packProject } from '../support/packed-package.ts'
import { identityScript, script, traceScript, typedScript, wholeScript } from './consumer.ts'
import { readJson, root } from './project.ts'

const manifest = readJson<Manifest & { readonly version: string }>('package.json')
const subpaths = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target !== 'string')
  .map(([subpath]) => `changeover${subpath.slice(1)}`)
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')

let temporary = ''
let consumer = ''
let packed: Packed

const write = (name: string, text: string): Promise<void> => writeFile(join(consumer, name), text)

const link = async (name: string): Promise<void> => {
  const at = join(consumer, 'node_modules', name)
  await rm(at, { recursive: true, force: true })
  await mkdir(join(at, '..'), { recursive: true })
  await symlink(join(root, 'node_modules', name), at, 'junction')
}

/** Compiles one file as a strict stranger would. */
const typeCheck = (file: string, ...options: string[]): Promise<string> => {
  const strict =
    '--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --verbatimModuleSyntax'
  const target = '--target es2022 --lib es2023,esnext.disposable --module nodenext --types node'
  return runProgram(process.execPath, [compiler, ...`${strict} ${target}`.split(' '), ...options, file], consumer)
}

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'changeover-house-'))
  consumer = join(temporary, 'consumer')
  await mkdir(consumer)
  packed = await packProject(temporary)
  await write('package.json', JSON.stringify({ name: 'consumer', private: true, type: 'module' }))
  await runNpm(['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', packed.path], consumer)
}, 300_000)

afterAll(() => rm(temporary, { recursive: true, force: true }))

const installed = (path: string): string => join(consumer, 'node_modules', 'changeover', path)

/** What one built file imports: texts in it may hold code, so it is parsed. */
const codeImports = async (file: string): Promise<readonly string[]> => {
  const entry = installed(file)
  const apart: Plugin = {
    name: 'apart',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^/ }, ({ path }) => (path === entry ? null : { path, external: true })),
  }
  const { metafile } = await build({
    absWorkingDir: consumer,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    plugins: [apart],
    metafile: true,
    write: false,
  })
  return Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path))
}

describe('the package', () => {
  it('holds the built code with its types, README, LICENSE and CHANGELOG, and nothing else', () => {
    expect(contentProblems(packed.files, manifest)).toEqual([])
  })

  it('imports, in its built files, only files and packages that are installed with it', async () => {
    const { dependencies, peerDependencies } = readJson<Record<string, Record<string, string>>>('package.json')
    const known = Object.keys({ ...dependencies, ...peerDependencies })
    const files = new Set(packed.files)
    const bridges = Object.keys(manifest.imports ?? {})
    const broken: string[] = []
    for (const file of packed.files.filter((path) => /\.(js|d\.ts)$/.test(path))) {
      const isCode = file.endsWith('.js')
      for (const specifier of isCode
        ? await codeImports(file)
        : builtImports(await readFile(installed(file), 'utf8'))) {
        const target = posix.join(posix.dirname(file), specifier)
        const ok = specifier.startsWith('.')
          ? files.has(isCode ? target : target.replace(/\.(js|ts)$/, '.d.ts'))
          : specifier.startsWith('node:') ||
            bridges.includes(specifier) ||
            known.some((name) => specifier === name || specifier.startsWith(`${name}/`))
        if (!ok) broken.push(`${file} imports ${specifier}`)
      }
    }
    expect(broken).toEqual([])
  })

  it("shows no dependency's types through its main entry", async () => {
    const seen = new Set<string>()
    const foreign = new Set<string>()
    const visit = async (file: string, users: readonly string[]): Promise<void> => {
      if (seen.has(file)) return
      seen.add(file)
      const chain = [...users, file]
      for (const specifier of builtImports(await readFile(installed(file), 'utf8'))) {
        const target = posix.join(posix.dirname(file), specifier).replace(/\.(js|ts)$/, '.d.ts')
        if (specifier.startsWith('.')) await visit(target, chain)
        else if (!specifier.startsWith('node:')) foreign.add([...chain, specifier].join(' > '))
      }
    }
    await visit('dist/src/index.d.ts', [])
    expect(seen.size).toBeGreaterThan(1)
    expect([...foreign]).toEqual([])
  })
})

describe('an empty project that has installed the package', () => {
  it('reloads from a file and from memory with a schema made by hand, and its process ends by itself', async () => {
    await write('main.js', script)
    const output: unknown = JSON.parse(await runProgram(process.execPath, ['main.js'], consumer))
    expect(output).toMatchObject({ seen: [1, 2, 2], closed: [1, 2], applied: [7], exported: expect.any(Number) })
  })

  it('type-checks strictly, declaration files included, without any optional package', async () => {
    await link('@types/node')
    await link('undici-types')
    await write('typed.ts', typedScript)
    await typeCheck('typed.ts', '--skipLibCheck', 'false')
  })

  const optional = [
    '@types/node',
    'undici-types',
    '@types/pg',
    'pg',
    'pino',
    'prom-client',
    '@opentelemetry/api',
  ].concat(['fastify', '@nestjs/common', '@nestjs/core', 'rxjs'])

  it('loads and type-checks every subpath once the optional packages are there', async () => {
    for (const name of optional) await link(name)
    await write('whole.ts', wholeScript(subpaths))
    await typeCheck('whole.ts', '--skipLibCheck')
    const load = `for (const name of ${JSON.stringify(subpaths)}) console.log(Object.keys(await import(name)).length > 0)`
    const output = await runProgram(process.execPath, ['--input-type=module', '--eval', load], consumer)
    expect(output.trim().split('\n')).toEqual(subpaths.map(() => 'true'))
  })
})

describe('the bundle', () => {
  const run = async (text: string, ...flags: string[]): Promise<string> => {
    await write('bundled.js', text)
    return runProgram(process.execPath, [...flags, 'bundled.js'], consumer)
  }

  /** What is left of the package in a user's own bundle. */
  const shaken = async (text: string): Promise<{ readonly size: number; readonly packages: readonly string[] }> => {
    await write('shaken.js', text)
    const { metafile } = await build({
      absWorkingDir: consumer,
      entryPoints: ['shaken.js'],
      outdir: 'shaken',
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: Object.keys(readJson<Record<string, object>>('package.json').dependencies ?? {}),
      metafile: true,
      write: false,
    })
    const [output] = Object.values(metafile.outputs)
    return { size: output?.bytes ?? 0, packages: (output?.imports ?? []).map(({ path }) => path) }
  }

  it('has every class once, whichever entry it comes from', async () => {
    expect(JSON.parse(await run(identityScript))).toEqual({ file: true, etcd: true, appliers: true })
  })

  it('spares Node the second reading of the CommonJS files of etcd3', async () => {
    const imported = await codeImports('dist/src/sources/etcd/index.js')
    expect(imported).toContain('#etcd3')
    expect(imported).not.toContain('etcd3')
    const loaded = `import { createRequire } from 'node:module'
      import 'changeover/etcd'
      console.log(Object.keys(createRequire(import.meta.url).cache).filter((path) => path.endsWith('.cjs')).length)`
    expect(await run(loaded)).toBe('1\n')
    expect(await run(loaded, '--no-addons')).toBe('0\n')
  })

  it('shows the source files in a stack if Node follows the source maps', async () => {
    expect(await run(traceScript, '--enable-source-maps')).toMatch(/changeover\/src\/reloader\/reloader\.ts:\d+/)
    expect(await run(traceScript)).toMatch(/changeover\/dist\/chunks\/core\.js:\d+/)
  })

  it("leaves out, in a user's own bundle, what the user does not use", async () => {
    const { size, packages } = await shaken(`export { ChangeoverError } from 'changeover'`)
    expect(packages).toEqual([])
    expect(size).toBeLessThan(37_000)
    expect((await shaken(`export { timer } from 'changeover/appliers'`)).packages).toEqual([])
    expect((await shaken(`export { createReloader } from 'changeover'`)).packages).toContain('xstate')
  })
})

describe('the check of the content', () => {
  const one = { exports: { '.': { types: './dist/src/index.d.ts', default: './dist/src/index.js' } } }
  const code = ['dist/src/index.js', 'dist/src/index.js.map', 'dist/chunks/core.js', 'dist/chunks/core.js.map']
  const good = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'dist/src/index.d.ts', ...code]

  it('lets a good package pass', () => {
    expect(contentProblems(good, one)).toEqual([])
  })

  it.each(['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md'])('finds that %s is missing', (page) => {
    const files = good.filter((path) => path !== page)
    expect(contentProblems(files, one)).toEqual([`${page} is missing`])
  })

  it.each(['.ci/run', 'src/index.ts', 'test/a.test.ts', 'dist/test/a.test.js', 'dist/src/other.js', '.biome.json'])(
    'finds that %s does not belong',
    (path) => {
      expect(contentProblems([...good, path], one)).toEqual([`${path} does not belong`])
    },
  )

  it.each(['dist/src/index.d.ts', 'dist/src/index.js', 'dist/src/index.js.map', 'dist/chunks/core.js.map'])(
    'finds that %s is missing',
    (path) => {
      const files = good.filter((file) => file !== path)
      expect(contentProblems(files, one)).toEqual([`${path} is missing`])
    },
  )
})
