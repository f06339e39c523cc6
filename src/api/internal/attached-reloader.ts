import type { Reloader } from '../reloader.ts'
import type { SourceContext } from '../source.ts'

const reloaders = new WeakMap<object, object>()

/** Stores which reloader has these settings. */
export const registerReloader = (settings: object, reloader: object): void => {
  reloaders.set(settings, reloader)
}

/** Lets the source that gets this context find out which reloader attaches it. */
export const passReloader = (settings: object, context: SourceContext): SourceContext => {
  const reloader = reloaders.get(settings)
  if (reloader !== undefined) reloaders.set(context, reloader)
  return context
}

/** Returns the reloader that has handed a source this context; `undefined` if something else attaches the source. */
export const reloaderOf = (context: SourceContext): Reloader<object> | undefined =>
  reloaders.get(context) as Reloader<object> | undefined
