import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../vitest.config.ts'

/** Folders whose tests share their modules: most of their time would go into loading them again for each file. */
const units = [
  ...['api', 'appliers', 'apply', 'async', 'cli', 'files', 'fleet', 'formats', 'frameworks', 'history', 'intake'],
  ...['machines', 'model', 'modules', 'observe', 'persistence', 'reloader', 'safety', 'schema', 'secrets', 'settings'],
  ...['sources', 'testing', 'transaction', 'validation', 'xstate', 'guarantees'],
].map((folder) => `test/${folder}/**/*.test.ts`)

/** They look at the memory or the modules of a whole process. */
const alone = ['test/guarantees/g16-*.test.ts', 'test/guarantees/g18-*.test.ts']

const { include: _, exclude = [], ...options } = project.test ?? {}

/** The configuration of `npm test`. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    ...options,
    root: fileURLToPath(new URL('..', import.meta.url)),
    projects: [
      { extends: true, test: { name: 'units', include: units, exclude: [...exclude, ...alone], isolate: false } },
      { extends: true, test: { name: 'services', include: ['test/**/*.test.ts'], exclude: [...exclude, ...units] } },
      { extends: true, test: { name: 'alone', include: alone, exclude } },
    ],
  },
})
