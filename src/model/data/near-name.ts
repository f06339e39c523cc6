/** How much two names may differ to be taken for one: a third of them, but no more than two letters, since the rest may be data. */
const mostChanges = (length: number): number => Math.min(2, Math.max(1, Math.floor(length / 3)))

/** Returns the declared name that a key is probably meant to be. A key without one may be data, and must not be shown. */
export const nearName = (key: string, declared: readonly string[]): string | undefined => {
  const plain = plainName(key)
  const same = declared.find((name) => plainName(name) === plain)
  if (same !== undefined) return same
  let nearest: string | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const name of declared) {
    const length = Math.max(name.length, key.length)
    if (length < 2 || Math.abs(name.length - key.length) > 2) continue
    const changes = changesBetween(plain, plainName(name))
    if (changes > mostChanges(length) || changes >= fewest) continue
    fewest = changes
    nearest = name
  }
  return nearest
}

/** `max_size`, `max-size`, `MaxSize` and `maxSize` are one name. */
const plainName = (name: string): string => name.replace(/[-_]/g, '').toLowerCase()

/** The letters that must be added, dropped, replaced or exchanged with their neighbour. */
const changesBetween = (from: string, to: string): number => {
  let previous: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const cost = from[i - 1] === to[j - 1] ? 0 : 1
      let least = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost)
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      if (isSwap) least = Math.min(least, (previous[j - 2] ?? 0) + 1)
      next.push(least)
    }
    previous = row
    row = next
  }
  return row[to.length] ?? 0
}
