import type { Revision } from '../model/revision.ts'
import type { Origin } from './source.ts'

/** Where the serving config has a value from: what `reloader.explain` returns. */
export interface Explanation {
  /** The path, with `*` for keys that may be data. */
  readonly path: string
  /** True if the serving config has a value at the path. */
  readonly isServed: boolean
  /** The revision that serves. */
  readonly revision: Revision
  /** True if the config was restored, or taken from the good history: it is then not known which layer had the value. */
  readonly isRestored: boolean
  /**
   * The winner first, and then every layer below it that has something there. Objects are merged, so several layers may have a
   * part of one. Empty if nothing has a value at the path. `value` is present only if the path is public.
   */
  readonly origins: readonly Origin[]
}
