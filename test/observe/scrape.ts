import type { Registry } from 'prom-client'

/** One line of an exposition. */
export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Scrapes a registry as Prometheus does: by its text. */
export const scrape = async (registry: Pick<Registry, 'metrics'>): Promise<readonly Series[]> => {
  const text = await registry.metrics()
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, text]) => [key, text] as const)
      return { name, labels: Object.fromEntries(pairs), value: Number(value) }
    })
}

/** The value of a metric with one series; undefined if it is absent. */
export const valueIn = async (registry: Pick<Registry, 'metrics'>, name: string): Promise<number | undefined> => {
  const found = (await scrape(registry)).filter((series) => series.name === name)
  if (found.length > 1) throw new Error(`${name} has ${found.length} series`)
  return found[0]?.value
}
