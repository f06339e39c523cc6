import type { ReloaderStatus } from '../../api/status.ts'
import type { FleetStore } from '../fleet-store.ts'

/** Returns why an instance can try no document, whatever it says: only its source knows the whole that one text makes. */
export const trialRefusal = (
  { isPrefix }: Pick<FleetStore, 'isPrefix'>,
  { source }: Pick<ReloaderStatus, 'source'>,
): 'fleet.layers' | 'fleet.prefix' | undefined => {
  if (source.layers !== undefined) return 'fleet.layers'
  return isPrefix ? 'fleet.prefix' : undefined
}
