/** Colours a text, or leaves it as it is. */
export interface Colours {
  readonly added: (text: string) => string
  readonly removed: (text: string) => string
  readonly changed: (text: string) => string
  readonly faint: (text: string) => string
  readonly strong: (text: string) => string
}

const paint =
  (open: number, close: number) =>
  (text: string): string =>
    `\u001B[${open}m${text}\u001B[${close}m`

const plain = (text: string): string => text

/** Colours are for terminals only, and `NO_COLOR` (no-color.org) turns them off. */
export const coloursFor = (
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): Colours => {
  const isOn = stream.isTTY === true && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb'
  if (!isOn) return { added: plain, removed: plain, changed: plain, faint: plain, strong: plain }
  return {
    added: paint(32, 39),
    removed: paint(31, 39),
    changed: paint(33, 39),
    faint: paint(2, 22),
    strong: paint(1, 22),
  }
}
