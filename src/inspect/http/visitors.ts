import { isIPv6 } from 'node:net'
import type { Clock } from '../../api/clock.ts'
import { type AddressLimits, createAddressLimits } from './rate-limit.ts'

/** Beyond these, the address that was seen longest ago is forgotten. */
const MAX_ADDRESSES = 256

/** Those who have no session, told apart by their addresses. */
export class Visitors {
  readonly #clock: Clock
  readonly #limits = new Map<string, AddressLimits>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Returns the limits of an address, the same ones each time. */
  limitsOf(address: string | undefined): AddressLimits {
    const key = addressKey(address)
    const limits = this.#limits.get(key) ?? createAddressLimits(this.#clock)
    this.#limits.delete(key)
    this.#limits.set(key, limits)
    const [oldest] = this.#limits.keys()
    if (this.#limits.size > MAX_ADDRESSES && oldest !== undefined) this.#limits.delete(oldest)
    return limits
  }
}

/** Whether an address is of this machine. */
export const isLoopback = (address: string | undefined): boolean =>
  address === '::1' || addressKey(address).startsWith('127.')

/** Returns what tells one client from another: a client that has one IPv6 address has all of its 64-bit network. */
export const addressKey = (address: string | undefined): string => {
  const plain = (address ?? '').toLowerCase().replace(/%.*$/, '')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1]
  if (mapped !== undefined) return mapped
  if (!isIPv6(plain)) return plain
  const [head = '', tail] = plain.split('::')
  const groups = (text: string): string[] => text.split(':').filter((group) => group !== '')
  const [first, last] = [groups(head), groups(tail ?? '')]
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
  const network = [...first, ...zeros, ...last].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16))
  return network.join(':')
}
