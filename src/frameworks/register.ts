import type { LeasedView, NoModules } from '../api/modules.ts'
import type { Reloader } from '../api/reloader.ts'

/**
 * Names the reloader of the service, so that `request.config`, `request.modules` and `pinned()` have its types.
 *
 * @example
 * ```ts
 * declare module 'changeover/request' {
 *   interface Register {
 *     readonly reloader: typeof reloader
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: users add the member
export interface Register {}

/** The reloader that `Register` names. */
export type RegisteredReloader = Register extends { readonly reloader: infer Named }
  ? Named
  : Reloader<unknown, NoModules>

/** What a request sees of the reloader that `Register` names. */
export type RegisteredView =
  RegisteredReloader extends Reloader<infer Config, infer M> ? LeasedView<Config, M> : LeasedView<unknown, NoModules>
