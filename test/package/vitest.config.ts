import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../../vitest.config.ts'

/** The configuration of `npm run test:package`: it packs the package, and installs tools that only these tests need. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/package/**/*.test.ts'],
    exclude: ['**/node_modules/**'],
    globalSetup: ['test/package/global-setup.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 50_000 } },
    pool: 'forks',
    maxWorkers: 2,
  },
})
