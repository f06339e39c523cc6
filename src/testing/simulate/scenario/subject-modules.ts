import type { NoModules, Reloader } from '../../../api/reloader.ts'
import type { Subject } from './subject.ts'

/** A module as the search for scenarios knows it. */
export interface KnownModule {
  readonly name: string
  readonly isCompensating: boolean
}

/** The modules of a subject, found by letting it add them to something that only takes notes. */
export const modulesOf = <Config>({ modules }: Subject<Config>): readonly KnownModule[] => {
  const known: KnownModule[] = []
  const notes = {
    use: (name: string, _select: unknown, applier: object) => {
      known.push({ name, isCompensating: 'kind' in applier && applier.kind === 'compensating' })
      return notes
    },
  }
  modules(notes as unknown as Reloader<Config, NoModules>)
  return known
}
