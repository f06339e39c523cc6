import type { Applier, CompensatingApplier } from '../../../api/applier.ts'
import type { NoModules } from '../../../api/modules.ts'
import type { Reloader } from '../../../api/reloader.ts'
import type { UseLinks } from '../../../modules/registry.ts'
import type { ReferenceModel } from '../check/reference-model.ts'
import type { FaultInjection } from './fault-injection.ts'

/** Returns the reloader for the user's `modules` function: its `use` wraps every applier. */
export const wrapReloader = <Config>(
  reloader: Reloader<Config, NoModules>,
  model: ReferenceModel,
  injection: FaultInjection,
): Reloader<Config, NoModules> => {
  const use = (name: string, select: (config: unknown) => unknown, applier: object, links: UseLinks = {}) => {
    const isCompensating = 'kind' in applier && applier.kind === 'compensating'
    const module = model.addModule(name, select, isCompensating, links)
    const wrapped = isCompensating
      ? injection.wrapCompensating(module, applier as CompensatingApplier<unknown>)
      : injection.wrapApplier(module, applier as Applier<unknown, unknown, object>)
    ;(reloader.use as unknown as (...args: unknown[]) => unknown)(name, select, wrapped, links)
    return facade
  }
  const facade: Reloader<Config, NoModules> = new Proxy(reloader, {
    get: (target, key) => (key === 'use' ? use : Reflect.get(target, key, target)),
  })
  return facade
}
