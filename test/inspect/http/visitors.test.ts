import { createVirtualClock } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { addressKey, isLoopback, Visitors } from '../../../src/inspect/http/visitors.ts'

describe('The key of an address', () => {
  it.each([
    ['10.0.0.7', '10.0.0.7'],
    ['::ffff:10.0.0.7', '10.0.0.7'],
    ['::FFFF:10.0.0.7', '10.0.0.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:db8:1:2::9', '2001:db8:1:2'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['::1', '0:0:0:0'],
    [undefined, ''],
  ])('of %s is %s', (address, key) => {
    expect(addressKey(address)).toBe(key)
  })

  it('is of this machine only for loopback addresses', () => {
    const own = ['127.0.0.1', '127.3.2.1', '::1', '::ffff:127.0.0.1']
    const others = ['10.0.0.7', '::2', '1.127.0.0', '::ffff:10.0.0.7', '', undefined]
    expect([own.map(isLoopback), others.map(isLoopback)]).toEqual([own.map(() => true), others.map(() => false)])
  })
})

describe('Visitors', () => {
  it('have limits of their own for each address, which refill with time', async () => {
    const clock = createVirtualClock()
    const visitors = new Visitors(clock)
    const takeAll = (address: string): number => {
      const { wrongTokens } = visitors.limitsOf(address)
      let taken = 0
      while (wrongTokens.take()) taken += 1
      return taken
    }
    expect([takeAll('10.0.0.1'), takeAll('10.0.0.1'), takeAll('10.0.0.2')]).toEqual([10, 0, 10])
    await clock.advance(3_000)
    expect(takeAll('10.0.0.1')).toBe(3)
    expect(takeAll('2001:db8::1')).toBe(10)
    expect(takeAll('2001:db8::2')).toBe(0)
  })

  it('are forgotten after 256 other addresses, those first that were seen longest ago', () => {
    const visitors = new Visitors(createVirtualClock())
    const first = visitors.limitsOf('10.0.0.1')
    const second = visitors.limitsOf('10.0.0.2')
    for (let n = 0; n < 254; n += 1) visitors.limitsOf(`10.1.0.${n}`)
    expect(visitors.limitsOf('10.0.0.1')).toBe(first)
    visitors.limitsOf('10.2.0.1')
    expect(visitors.limitsOf('10.0.0.1')).toBe(first)
    expect(visitors.limitsOf('10.0.0.2')).not.toBe(second)
  })
})
