/** How many characters at the beginning and at the end of two texts are the same; those at the beginning count once. */
export const commonEnds = (one: string, other: string): { readonly prefix: number; readonly suffix: number } => {
  const prefix = commonPrefix(one, other)
  const most = Math.min(one.length, other.length) - prefix
  const suffix = longest(most, (from, to) => endOf(one, from, to) === endOf(other, from, to))
  return { prefix, suffix }
}

/** How many characters at the beginning of two texts are the same. */
export const commonPrefix = (one: string, other: string): number =>
  longest(Math.min(one.length, other.length), (from, to) => one.slice(from, to) === other.slice(from, to))

/** The characters whose distance from the end is from `from` to below `to`. */
const endOf = (text: string, from: number, to: number): string => text.slice(text.length - to, text.length - from)

/** Finds the highest number up to `most` below which all is the same. Comparing halves is faster than one by one. */
const longest = (most: number, isSame: (from: number, to: number) => boolean): number => {
  let low = 0
  let high = most
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (isSame(low, middle)) low = middle
    else high = middle - 1
  }
  return low
}
