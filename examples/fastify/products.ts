import { setTimeout as wait } from 'node:timers/promises'
import { pinned } from 'changeover/request'

const names = ['lamp', 'chair', 'table', 'shelf']

/** Lists the products of a page. No request is passed down to here, and all of one answer is of one config. */
export const listProducts = async () => {
  const { config } = pinned()
  const products = await Promise.all(names.slice(0, config.page.limit).map(loadProduct))
  return { limit: config.page.limit, products }
}

const loadProduct = async (name: string) => {
  await wait(1) // a database
  return { name, price: pinned().modules.prices.current.format(name.length * 10) }
}
