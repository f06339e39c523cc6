/** What VALUE may mean: what it says as JSON, and then the text itself. */
export const meaningsOf = (text: string): readonly unknown[] => {
  try {
    const value: unknown = JSON.parse(text)
    return value === text ? [text] : [value, text]
  } catch {
    return [text]
  }
}
