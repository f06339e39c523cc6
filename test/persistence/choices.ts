/**
 * Runs `run` once for every combination of its first `depth` choices; those after them are 0. Returns the number of runs.
 * A failure names the choices that led to it.
 */
export const exploreChoices = async (
  depth: number,
  run: (choose: (options: number) => number) => Promise<void>,
): Promise<number> => {
  let runs = 0
  let script: { choice: number; readonly options: number }[] = []
  do {
    let made = 0
    const choose = (options: number): number => {
      if (made >= depth) return 0
      script[made] ??= { choice: 0, options }
      return script[made++]?.choice ?? 0
    }
    runs += 1
    try {
      await run(choose)
    } catch (cause) {
      throw new Error(`with the choices ${script.map(({ choice }) => choice).join()}`, { cause })
    }
    script = script.slice(0, script.findLastIndex(({ choice, options }) => choice + 1 < options) + 1)
    const last = script.at(-1)
    if (last !== undefined) last.choice += 1
  } while (script.length > 0)
  return runs
}
