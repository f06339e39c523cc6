import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../../../vitest.config.ts'

/** The configuration of `npm run test:publishers`: a thousand races of two publishers, and publishers that are killed. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    include: ['test/cli/survival/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    pool: 'forks',
  },
})
