const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text of a document that is held; undefined if it is not UTF-8. */
export const heldTextOf = (bytes: Uint8Array): string | undefined => {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}
