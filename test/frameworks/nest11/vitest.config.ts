import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import project from '../../../vitest.config.ts'

const tools = fileURLToPath(new URL('tools/node_modules', import.meta.url))
const own = project.resolve?.alias as readonly { readonly find: RegExp; readonly replacement: string }[]

/** The configuration of `npm run test:nest11`: the tests of the module for Nest, with Nest 11. */
export default defineConfig({
  resolve: {
    alias: [
      ...own,
      ...['common', 'core', 'platform-express', 'platform-fastify', 'terminus'].map((name) => ({
        find: new RegExp(`^@nestjs/${name}$`),
        replacement: `${tools}/@nestjs/${name}/${name === 'terminus' ? 'dist/' : ''}index.js`,
      })),
      { find: /^rxjs$/, replacement: `${tools}/rxjs/dist/cjs/index.js` },
      { find: /^reflect-metadata$/, replacement: `${tools}/reflect-metadata/Reflect.js` },
    ],
  },
  test: {
    ...project.test,
    root: fileURLToPath(new URL('../../..', import.meta.url)),
    include: ['test/frameworks/nest.test.ts', 'test/frameworks/nest11/*.test.ts'],
    exclude: ['**/node_modules/**'],
    globalSetup: fileURLToPath(new URL('global-setup.ts', import.meta.url)),
  },
})
