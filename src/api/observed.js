import { changeoverError } from '../model/failure.ts'
const observations = new WeakMap()
/** Makes a reloader observable. */
export const registerObservation = (reloader, observation) => {
  observations.set(reloader, observation)
}
/**
 * The observation of a reloader.
 *
 * @throws ChangeoverError `reloader.invalid-option` for what `createReloader` of this copy of the package did not make
 */
export const observationOf = (reloader) => {
  const observation = observations.get(reloader)
  if (observation === undefined) {
    throw changeoverError('reloader.invalid-option', { detail: 'reloader takes what createReloader returned' })
  }
  return observation
}
