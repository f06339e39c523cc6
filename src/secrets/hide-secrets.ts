import type { Path } from '../model/data/not-plain.ts'
import type { HiddenPlaces } from '../model/secrets/hidden-places.ts'
import type { PinnedSecrets } from '../model/secrets/pinned-secrets.ts'

/** A shorter secret is looked for as a whole text only: as a part it would be found nearly everywhere. */
const MIN_PART = 4

/**
 * Hides the places of a config that hold the value of a secret, alone or in a longer text: a schema may move it, or make a URL
 * of it.
 */
export const hideSecrets = (hidden: HiddenPlaces, config: unknown, secrets: PinnedSecrets): void => {
  const values = new Set([...secrets.values()].map(({ value }) => value))
  const parts = [...values].flatMap((value) =>
    value.length < MIN_PART ? [] : [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)],
  )
  const holds = (text: string): boolean =>
    values.has(text) || parts.some((part) => text.length > part.length && text.includes(part))
  const walk = (value: unknown, path: Path): void => {
    if (typeof value !== 'object' || value === null) {
      if (holds(String(value))) hidden.add(path)
      return
    }
    for (const [key, member] of Object.entries(value)) {
      if (holds(key)) hidden.add(path)
      walk(member, [...path, key])
    }
  }
  walk(config, [])
}
