import { join } from 'node:path'
import { npmCi } from '../../support/npm-ci.ts'

/** Installs Nest 11 beside the project. */
export default (): void => npmCi(join(import.meta.dirname, 'tools'))
