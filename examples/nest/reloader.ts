import { type Applier, createReloader } from 'changeover'
import { fileSource } from 'changeover/file'
import { z } from 'zod'

const Config = z.strictObject({
  page: z.strictObject({ limit: z.int().min(1).max(100) }),
  prices: z.strictObject({ locale: z.string(), currency: z.string().length(3) }),
})

export type Config = z.infer<typeof Config>

/** Stands for what takes time to prepare: a client, a cache. An unknown locale or currency fails here, before anything changes. */
const priceFormat = (): Applier<Config['prices'], Intl.NumberFormat> => ({
  prepare: ({ locale, currency }) => ({ instance: new Intl.NumberFormat(locale, { style: 'currency', currency }) }),
})

export const createShop = (path: string) =>
  createReloader({ source: fileSource({ path }), schema: Config, public: ['page', 'prices'] }).use(
    'prices',
    (config) => config.prices,
    priceFormat(),
  )
