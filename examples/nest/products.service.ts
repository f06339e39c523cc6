import { Injectable } from '@nestjs/common'
import { InjectConfig, Live } from 'changeover/nest'
import type { Knex } from 'knex'
import type { Config } from './reloader.ts'

interface Product {
  readonly name: string
  readonly cents: number
}

// In place of a table, so that the example needs an empty database only.
const products = "(values ('lamp', 4000), ('chair', 5000), ('table', 5000), ('shelf', 5000)) as products (name, cents)"

/** A singleton. What it injects follows: within a request it is what the request holds. */
@Injectable()
export class ProductsService {
  @InjectConfig((config: Config) => config.page) readonly page!: Live<Config['page']>
  @Live('db') readonly db!: Live<Knex>
  @Live('prices') readonly prices!: Live<Intl.NumberFormat>

  async list() {
    const { limit } = this.page.current
    const db = this.db.current
    const rows: readonly Product[] = await db.select('name', 'cents').from(db.raw(products)).limit(limit)
    return {
      limit,
      products: rows.map(({ name, cents }) => ({ name, price: this.prices.current.format(cents / 100) })),
    }
  }
}
