/** What VALUE may mean: what it says as JSON, and then the text itself. */
export const meaningsOf = (text: string): readonly unknown[] => {
  try {
    return [JSON.parse(text), text]
  } catch {
    return [text]
  }
}
