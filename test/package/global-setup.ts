import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { runNpm } from '../../.ci/npm.ts'
import { npmCi } from '../support/npm-ci.ts'
import { packProject } from '../support/packed-package.ts'
import { findEtcd } from '../support/etcd-binary.ts'
import { projectFolder, toolsFolder } from './tools.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly tarball: string
    /** A project that has installed the package from its tarball; each test file works in a folder of its own below it. */
    readonly consumer: string
  }
}

/** What a service and its tests have installed beside the package. */
const companions = [
  ...['zod', 'vitest', 'fast-check', '@types/node', 'undici-types'],
  // What test/types needs, which test/package/types.test.ts compiles against the package.
  ...['valibot', 'fastify', 'pino', 'pino9', '@types/pg', 'prom-client', '@opentelemetry/api'],
]

export default async (project: TestProject): Promise<() => Promise<void>> => {
  npmCi(toolsFolder)
  await findEtcd()
  const temporary = await mkdtemp(join(tmpdir(), 'changeover-package-'))
  const remove = () => rm(temporary, { recursive: true, force: true })
  try {
    const { path } = await packProject(temporary)
    const consumer = join(temporary, 'consumer')
    await mkdir(consumer)
    await writeFile(join(consumer, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }')
    await runNpm(['install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', path], consumer)
    for (const name of companions) {
      const at = join(consumer, 'node_modules', name)
      await rm(at, { recursive: true, force: true })
      await mkdir(dirname(at), { recursive: true })
      await symlink(join(projectFolder, 'node_modules', name), at, 'junction')
    }
    project.provide('tarball', path)
    project.provide('consumer', consumer)
    return remove
  } catch (error) {
    await remove()
    throw error
  }
}
