import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../vitest.config.ts'

/** The configuration of `npm run test:long`: the tests that need clusters, rotations, signals or many reloads. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    ...project.test,
    root: fileURLToPath(new URL('..', import.meta.url)),
    // They wait for servers and timers even more than the others do.
    maxWorkers: 4,
    include: ['test/**/*.long.test.ts'],
    exclude: ['**/node_modules/**'],
  },
})
