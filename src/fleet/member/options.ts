import { checkMs, invalidOption } from '../../model/option-checks.ts'

/** Options of `fleet`. */
export interface FleetOptions {
  /**
   * The name of the service, by which people recognise its instances.
   *
   * @default the name in the nearest `package.json`
   */
  readonly service?: string
  /** Facts by which instances can be told apart, such as `{ zone: 'a' }`. Up to 20, of up to 100 characters each. */
  readonly labels?: Readonly<Record<string, string>>
  /**
   * How long the entry of an instance remains once the instance is gone, in milliseconds: at least 2,000. It is renewed three
   * times in that time.
   *
   * @default 10_000
   */
  readonly ttlMs?: number
  /**
   * True lets an operator freeze, unfreeze, retry and confirm by the command `changeover`. Whoever may write beside the
   * document may do so then.
   *
   * @default false
   */
  readonly commands?: boolean
}

export interface FleetSettings {
  readonly service: string | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly ttlMs: number
  readonly obeys: boolean
}

const MAX_LABELS = 20
const MAX_LENGTH = 100

/** Checks the options. */
export const resolveOptions = (options: FleetOptions): FleetSettings => {
  const { service, labels = {}, ttlMs = 10_000, commands = false, ...unknown } = options
  for (const name of Object.keys(unknown)) throw invalidOption(`fleet has no option ${name}`)
  if (service !== undefined && !isText(service)) throw invalidOption(`fleet: service must be ${textRule}`)
  if (typeof commands !== 'boolean') throw invalidOption('fleet: commands must be true or false')
  return { service, labels: checkLabels(labels), ttlMs: checkMs('fleet: ttlMs', ttlMs, 2_000), obeys: commands }
}

const textRule = `a string of 1 to ${MAX_LENGTH} characters`

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '' && value.length <= MAX_LENGTH

const checkLabels = (labels: unknown): Readonly<Record<string, string>> => {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw invalidOption('fleet: labels must be an object')
  }
  const entries = Object.entries(labels)
  const isValid = entries.length <= MAX_LABELS && entries.every(([name, value]) => isText(name) && isText(value))
  if (!isValid) throw invalidOption(`fleet: labels must be at most ${MAX_LABELS}, each ${textRule}`)
  return Object.fromEntries(entries)
}
