import { changeoverError, type FailurePlace } from '../model/failure.ts'

/** The key under which a document says which builds of the service it is for. It is no part of the config. */
const REQUIRES = '$requires'

/** What was parsed, without the requirements, and the builds that it requires. */
export type WithBuilds<Parsed> = Parsed & { readonly builds?: readonly string[] }

/**
 * Takes the requirements out of a document.
 *
 * @throws ChangeoverError `document.bad-requirements`
 */
export const takeRequirements = <Parsed extends { readonly value: unknown }>(
  parsed: Parsed,
  place: FailurePlace,
): WithBuilds<Parsed> => {
  const { value } = parsed
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, REQUIRES)) return parsed
  const { [REQUIRES]: given, ...rest } = value as Readonly<Record<string, unknown>>
  return { ...parsed, value: rest, builds: buildsOf(given, place) }
}

/** The builds that a text requires, as far as it says so in plain JSON; undefined if it is for all. */
export const requiredBuilds = (text: string): readonly string[] | undefined => {
  try {
    return takeRequirements({ value: JSON.parse(text) as unknown }, {}).builds
  } catch {
    return undefined // whoever checks the document says why
  }
}

const buildsOf = (given: unknown, place: FailurePlace): readonly string[] => {
  if (typeof given === 'object' && given !== null) {
    const { builds, ...unknown } = given as Readonly<Record<string, unknown>>
    const isValid = Array.isArray(builds) && builds.length > 0 && builds.every((build) => typeof build === 'string')
    if (isValid && Object.keys(unknown).length === 0) return builds as readonly string[]
  }
  throw changeoverError('document.bad-requirements', { ...place, path: REQUIRES })
}

/**
 * Holds a document back that requires another build than this one.
 *
 * @param build undefined if no build is known, as for the command, and then every build will do
 * @throws ChangeoverError `document.held`
 */
export const checkBuild = <Parsed>(
  parsed: WithBuilds<Parsed>,
  build: string | undefined,
  place: FailurePlace,
): WithBuilds<Parsed> => {
  const { builds } = parsed
  if (builds === undefined || build === undefined || builds.includes(build)) return parsed
  const own = build === '' ? 'this process names no build' : `this build is ${build}`
  throw changeoverError('document.held', { ...place, path: REQUIRES, detail: own })
}
