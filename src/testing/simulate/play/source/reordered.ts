/** Returns the JSON text with the keys of every object in reverse order; another text as it is. */
export const reordered = (content: string | Uint8Array): string => {
  const text = typeof content === 'string' ? content : new TextDecoder().decode(content)
  try {
    return JSON.stringify(reversed(JSON.parse(text)))
  } catch {
    return text
  }
}

const reversed = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reversed(part)]),
  )
}
