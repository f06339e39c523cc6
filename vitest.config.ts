import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import tsconfig from './tsconfig.json' with { type: 'json' }

const alias = Object.entries(tsconfig.compilerOptions.paths).map(([name, [path]]) => ({
  find: new RegExp(`^${name}$`),
  replacement: fileURLToPath(new URL(path as string, import.meta.url)),
}))

export default defineConfig({
  resolve: { alias },
  test: {
    include: ['test/**/*.test.ts'],
    // These need a Chromium (npm run test:browser), a Prometheus (test:observe), a Nest 11 (test:nest11), the packed package (test:package), or
    // minutes (test:long, test:soak, test:survival, test:publishers).
    exclude: [
      '**/*.long.test.ts',
      '**/*.soak.test.ts',
      'test/inspect/browser/**',
      'test/package/**',
      'test/observe/server/**',
      'test/frameworks/nest11/**',
      'test/chaos/survival/**',
      'test/cli/survival/**',
      '**/node_modules/**',
    ],
    // With CHANGEOVER_LONG=1, some tests take as long as real outages.
    testTimeout: process.env.CHANGEOVER_LONG === '1' ? 300_000 : 90_000,
    hookTimeout: 120_000,
    // A busy machine may need seconds for what takes milliseconds.
    expect: { poll: { timeout: 50_000 } },
    pool: 'forks',
    // Most of the time is spent waiting for servers and timers, not computing.
    maxWorkers: 3,
  },
})
