/** Imports a module of the user by its address: `changeover.config`, and what it names. */
export const importModule = (url: string): Promise<Readonly<Record<string, unknown>>> => import(url)
