/** Imports a package of the scoreboard's own, which the project does not have and so has no types for. */
export const load = async <Module>(name: string): Promise<Module> => {
  const loaded: { readonly default?: unknown } = await import(name)
  return (loaded.default ?? loaded) as Module
}
