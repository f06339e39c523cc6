import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../vitest.config.ts'

/** Folders whose tests share their modules: most of their time would go into loading them again for each file. */
const units = [
  ...['api', 'apply', 'async', 'formats', 'frameworks', 'intake', 'machines', 'model', 'modules', 'observe'],
  ...['persistence', 'reloader', 'safety', 'schema', 'secrets', 'settings', 'transaction', 'validation', 'xstate'],
].map((folder) => `test/${folder}/**/*.test.ts`)

const { include: _, exclude = [], ...options } = project.test ?? {}

/** The configuration of `npm test`. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    ...options,
    root: fileURLToPath(new URL('..', import.meta.url)),
    projects: [
      { extends: true, test: { name: 'units', include: units, exclude, isolate: false } },
      { extends: true, test: { name: 'services', include: ['test/**/*.test.ts'], exclude: [...exclude, ...units] } },
    ],
  },
})
