import { setTimeout as wait } from 'node:timers/promises'
import { Injectable } from '@nestjs/common'
import { InjectConfig, Live } from 'changeover/nest'
import type { Config } from './reloader.ts'

const names = ['lamp', 'chair', 'table', 'shelf']

/** A singleton. What it injects follows: within a request it is what the request holds. */
@Injectable()
export class ProductsService {
  @InjectConfig((config: Config) => config.page) readonly page!: Live<Config['page']>
  @Live('prices') readonly prices!: Live<Intl.NumberFormat>

  async list() {
    const { limit } = this.page.current
    const products = await Promise.all(names.slice(0, limit).map((name) => this.#load(name)))
    return { limit, products }
  }

  async #load(name: string) {
    await wait(1) // a database
    return { name, price: this.prices.current.format(name.length * 10) }
  }
}
