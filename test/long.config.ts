import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../vitest.config.ts'

const { include: _, exclude: __, ...options } = project.test ?? {}
const include = ['test/**/*.long.test.ts']
const exclude = ['**/node_modules/**']

/** They look at the memory or the modules of a whole process. The others share their modules, as in `npm test`. */
const alone = ['test/guarantees/g18-*.long.test.ts']

/** The configuration of `npm run test:long`: the tests that need clusters, rotations, signals or many reloads. */
export default defineConfig({
  resolve: project.resolve ?? {},
  test: {
    ...options,
    root: fileURLToPath(new URL('..', import.meta.url)),
    // They wait for servers and timers even more than the others do.
    maxWorkers: 4,
    projects: [
      { extends: true, test: { name: 'shared', include, exclude: [...exclude, ...alone], isolate: false } },
      { extends: true, test: { name: 'alone', include: alone, exclude } },
    ],
  },
})
