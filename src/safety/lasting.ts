import { type Failure, unsafeCause } from '../model/failure.ts'
import { isPermanent } from '../model/permanence.ts'

/**
 * True if trying the same document once more cannot help: its commit threw, it was not confirmed, or the module declares
 * so. Everything else may pass, whatever its code: a connection, a name that is not known yet, a password that the
 * server learns a second later.
 */
export const isLasting = (failed: Failure): boolean => {
  switch (failed.code) {
    case 'module.commit-failed':
    case 'confirm.expired':
      return true
    case 'module.prepare-failed':
    case 'module.apply-failed':
    case 'module.check-failed':
    case 'health.failed':
      return isPermanent(unsafeCause(failed))
    default:
      return false
  }
}
