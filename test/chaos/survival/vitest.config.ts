import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../../../vitest.config.ts'

/** The configuration of `npm run test:survival`: processes that are killed at every step take minutes. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    include: ['test/chaos/survival/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 50_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
})
