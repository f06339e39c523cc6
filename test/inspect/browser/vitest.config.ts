import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../../../vitest.config.ts'

/** The configuration of `npm run test:browser`. Only these tests need a Chromium. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    include: ['test/inspect/browser/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    pool: 'forks',
    maxWorkers: 2,
    // Test files share only modules, and loading them again for each file takes longer than most tests.
    isolate: false,
  },
})
