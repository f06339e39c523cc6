import type { FindOrigins, Origin, ReadResult } from '../api/source.ts'
import type { Path } from '../model/data/not-plain.ts'
import type { FailurePlace } from '../model/failure.ts'
import type { Visibility } from '../model/visibility.ts'

/** Says of a path which layer holds the value there, and where. */
export type OriginPlace = (path: Path) => Pick<FailurePlace, 'layers' | 'origin'>

/** Finds where a refused document has a value from. What a source says of the whole document is not said again. */
export const originPlaceOf =
  (document: ReadResult, text: string, visibility: Visibility): OriginPlace =>
  (path) => {
    const find = document.kind === 'document' ? document.origins : undefined
    const winner = winnerOf(find, path, text)
    if (winner === undefined || winner.deletes === true) return {}
    const { layer, at } = winner
    const isShown = !visibility.show(path).split('.').includes('*')
    const isNews = layer !== undefined || at !== winnerOf(find, [], text)?.at
    return {
      ...(layer === undefined ? {} : { layers: [layer] }),
      ...(isShown && isNews ? { origin: withoutFolders(at) } : {}),
    }
  }

/** The function of a source may throw. */
const winnerOf = (find: FindOrigins | undefined, path: Path, text: string): Origin | undefined => {
  try {
    return find?.(path, text).find(({ isHidden }) => isHidden !== true)
  } catch {
    return undefined
  }
}

/** `config.json:3:7`: the endpoint of the source has the whole path. */
const withoutFolders = (at: string): string => at.replace(/^.*[\\/](?=[^\\/]+:\d+:\d+$)/, '')
