/** As much of knex 3 as the documentation uses. */
export interface Knex {
  readonly raw: (sql: string) => Promise<unknown>
  readonly destroy: () => Promise<void>
  readonly client: { readonly pool: { readonly numPendingAcquires: () => number } }
}

declare const knex: (options: {
  readonly client: 'pg'
  readonly connection: object
  readonly pool: { readonly min: number; readonly max: number }
}) => Knex
export default knex
