import type { Applier, CompensatingApplier } from '../api/applier.ts'
import { changeoverError } from '../model/failure.ts'
import type { ModuleDeadlines } from '../api/options.ts'
import { nearName } from '../model/data/near-name.ts'
import { checkLinks, type UseLinks } from './links.ts'

export type { UseLinks } from './links.ts'

/** One module as `use` declared it, without its types: the compiler has checked them. */
export interface ModuleDefinition {
  readonly name: string
  readonly select: (config: unknown) => unknown
  readonly applier: Applier<unknown, unknown, object> | CompensatingApplier<unknown>
  /** Names of the modules that come before it, including those of `needs`. */
  readonly after: readonly string[]
  /** The module that meets each need of the applier, by the applier's name for it. */
  readonly needs: Readonly<Record<string, string>>
  readonly deadlines: ModuleDeadlines
}

/**
 * Holds the modules in dependency order. A module may name only those declared before it, so the order of declaration
 * *is* a dependency order, and a cycle cannot be written.
 */
export class Registry {
  readonly #modules = new Map<string, ModuleDefinition>()
  readonly #dependents = new Map<string, string[]>()
  readonly #appliers = new Set<object>()
  readonly #order: ModuleDefinition[] = []

  /** Adds a module. Throws at once for what the types would have refused. */
  add(name: string, select: unknown, applier: unknown, links: UseLinks = {}): ModuleDefinition {
    if (typeof name !== 'string' || name === '') {
      throw changeoverError('reloader.invalid-option', { detail: 'the name of a module must not be empty' })
    }
    if (this.#modules.has(name)) throw changeoverError('reloader.duplicate-module', { module: name })
    if (typeof select !== 'function') {
      throw changeoverError('reloader.invalid-option', { module: name, detail: 'select must be a function' })
    }
    if (!isApplier(applier)) {
      throw changeoverError('reloader.invalid-option', {
        module: name,
        detail: 'an applier has a function prepare, or is made by defineApplier',
      })
    }
    if (this.#appliers.has(applier)) throw changeoverError('reloader.applier-reused', { module: name })
    const { after: earlier = [], needs = {} } = checkLinks(name, links)
    if (isCompensating(applier) && Object.keys(needs).length > 0) {
      const detail = 'a compensating applier gets no needs: name the modules in after'
      throw changeoverError('reloader.invalid-option', { module: name, detail })
    }
    const after = [...new Set([...earlier, ...Object.values(needs)])]
    for (const dependency of after) this.#checkDependency(name, isCompensating(applier), dependency)
    const definition: ModuleDefinition = {
      name,
      select: select as (config: unknown) => unknown,
      applier,
      after,
      needs,
      deadlines: links.deadlines ?? {},
    }
    this.#modules.set(name, definition)
    this.#dependents.set(name, [])
    for (const dependency of after) this.#dependents.get(dependency)?.push(name)
    this.#order.push(definition)
    this.#appliers.add(applier)
    return definition
  }

  #checkDependency(name: string, compensates: boolean, dependency: string): void {
    const found = this.#modules.get(dependency)
    if (found === undefined) {
      const near = nearName(dependency, [...this.#modules.keys()])
      const meant = near === undefined ? '' : `, did you mean "${near}"?`
      throw changeoverError('reloader.unknown-module', { module: name, detail: `it names "${dependency}"${meant}` })
    }
    if (!compensates && isCompensating(found.applier)) {
      throw changeoverError('reloader.compensating-dependency', { module: name, detail: `it names "${dependency}"` })
    }
  }

  /** All modules, each after the modules that it depends on. */
  get order(): readonly ModuleDefinition[] {
    return this.#order
  }

  get(name: string): ModuleDefinition | undefined {
    return this.#modules.get(name)
  }

  /** The modules that name this one in `after` or `needs`. */
  dependentsOf(name: string): readonly string[] {
    return this.#dependents.get(name) ?? []
  }
}

const isApplier = (value: unknown): value is ModuleDefinition['applier'] => {
  if (typeof value !== 'object' || value === null) return false
  const { kind, prepare, apply } = value as { kind?: unknown; prepare?: unknown; apply?: unknown }
  return kind === 'compensating' ? typeof apply === 'function' : typeof prepare === 'function'
}

export const isCompensating = (applier: ModuleDefinition['applier']): applier is CompensatingApplier<unknown> =>
  applier.kind === 'compensating'
