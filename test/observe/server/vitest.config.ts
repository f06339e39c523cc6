import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../../../vitest.config.ts'

/** The configuration of `npm run test:observe`: a real Prometheus, which it downloads, waits for alerts to fire and clear. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    include: ['test/observe/server/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 1,
  },
})
