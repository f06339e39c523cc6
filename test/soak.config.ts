import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../vitest.config.ts'

/** The configuration of `npm run test:soak`: whole services on real stores, under load for a minute and more. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    ...project.test,
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.soak.test.ts'],
    exclude: ['**/node_modules/**'],
  },
})
