import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../../../vitest.config.ts'
/** Run by `npm run test:browser`: these need a Chromium, `npm test` does not. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    include: ['test/inspect/browser/**/*.test.ts'],
    testTimeout: 60000,
    hookTimeout: 60000,
    expect: { poll: { timeout: 20000 } },
    pool: 'forks',
    maxWorkers: 2,
    // Test files share nothing but modules, and to load those anew for each takes longer than most tests.
    isolate: false,
  },
})
