import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ChannelMessages, PhaseMessage, SourceMessage, StateMessage, TransactionMessage } from 'changeover'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Channels } from '../../src/transaction/channels.ts'
import { type Config, configOf, createHarness, startHarness } from '../guarantees/harness.ts'
import { secret, secretsIn, show } from '../support/secrets.ts'

type ChannelName = keyof ChannelMessages

const names: readonly ChannelName[] = [
  'changeover:transaction',
  'changeover:phase',
  'changeover:source',
  'changeover:state',
]

/** Subscribes until the end of the test. */
const listen = (name: ChannelName, listener: (message: unknown) => unknown): void => {
  subscribe(name, listener)
  onTestFinished(() => {
    unsubscribe(name, listener)
  })
}

/** Collects the messages of all channels, in order. */
const collect = () => {
  const messages: { readonly channel: ChannelName; readonly message: ChannelMessages[ChannelName] }[] = []
  for (const channel of names) {
    listen(channel, (message) => messages.push({ channel, message: message as ChannelMessages[ChannelName] }))
  }
  const of = <Name extends ChannelName>(name: Name): ChannelMessages[Name][] =>
    messages.flatMap(({ channel, message }) => (channel === name ? [message as ChannelMessages[Name]] : []))
  return { messages, of }
}

const keysOf = (message: object): string => Object.keys(message).sort().join(' ')

describe('The channels', () => {
  it('tell a transaction from its start to the closing of what it replaced', async () => {
    const { of } = collect()
    const { reloader, put, until } = await startHarness({ config: configOf({ a: 1 }) })
    await put(configOf({ a: 2 }))
    await until(() => of('changeover:phase').some(({ phase, kind }) => phase === 'close' && kind === 'ended'), 'closed')
    const { id } = reloader.status()
    const second = of('changeover:transaction').slice(3)
    expect(second.map(({ kind }) => kind)).toEqual(['began', 'planned', 'ended'])
    expect(second[0]).toEqual({
      kind: 'began',
      reloader: id,
      transaction: `${id}-2`,
      epoch: 2,
      trigger: 'change',
      at: expect.any(Number),
    })
    expect(second[1]).toMatchObject({ modules: [{ module: 'a', change: 'replace' }], revision: { name: '2' } })
    expect(second[2]).toMatchObject({ transaction: `${id}-2`, record: { id: `${id}-2`, outcome: 'committed' } })
    const phases = of('changeover:phase').filter(({ transaction }) => transaction === `${id}-2`)
    expect(phases.map(({ kind, phase, module }) => `${kind} ${phase} ${module}`)).toEqual(
      ['prepare', 'commit', 'close'].flatMap((phase) => [`began ${phase} a`, `ended ${phase} a`]),
    )
  })

  it('have messages of exactly these fields', async () => {
    const { messages } = collect()
    const { reloader, source, modules, put, next, advance, end } = await startHarness({ config: configOf({ a: 1 }) })
    await reloader.freeze('a reason')
    await reloader.unfreeze()
    source.failReads('source.unreachable')
    source.breakWatch('source.unreachable')
    await advance(1_000)
    source.heal()
    await advance(10_000)
    reloader.subscribe(
      (config) => config,
      () => {
        throw new Error('no')
      },
    )
    await put(configOf({ a: 2 }))
    modules.a.script('prepare', 'reject')
    source.put(configOf({ a: 3 }))
    await next()
    await end()
    const shapes = [
      ...new Set(messages.map(({ channel, message }) => `${channel} ${message.kind}: ${keysOf(message)}`)),
    ]
    expect(shapes.sort()).toEqual([
      'changeover:phase began: kind module phase reloader startMs transaction',
      'changeover:phase ended: ended kind module phase reloader startMs transaction',
      'changeover:source entered: at code kind reloader revision source state',
      'changeover:source entered: at kind reloader revision source state',
      'changeover:state closed: at kind reloader',
      'changeover:state entered: at kind reloader state',
      'changeover:state frozen: at kind reloader',
      'changeover:state reported: at failure kind reloader',
      'changeover:state unfrozen: at kind reloader',
      'changeover:transaction began: at epoch kind reloader transaction trigger',
      'changeover:transaction ended: kind record reloader transaction',
      'changeover:transaction planned: atMs kind modules reloader revision transaction',
    ])
    // The exported types know each of them.
    const typed: readonly (TransactionMessage | PhaseMessage | SourceMessage | StateMessage)[] = messages.map(
      ({ message }) => message,
    )
    expect(new Set(typed.map(({ reloader: id }) => id))).toEqual(new Set([reloader.status().id]))
  })

  it('tell the states of the source and of the reload machine', async () => {
    const { of } = collect()
    const { source, modules, put, advance } = await startHarness({ config: configOf({ a: 1 }) })
    modules.a.script('prepare', 'reject')
    await put(configOf({ a: 2 }))
    source.failReads('source.denied')
    source.breakWatch('source.unreachable')
    await advance(10_000)
    const states = of('changeover:state').flatMap((message) => (message.kind === 'entered' ? [message.state] : []))
    expect(states.slice(0, 4)).toEqual(['validating', 'preparing', 'committing', 'committed'])
    expect(states).toContain('rolled-back')
    const entered = of('changeover:source').map(({ state, code }) => (code === undefined ? state : `${state} ${code}`))
    expect(entered.slice(0, 3)).toEqual(['opening', 're-reading', 'watching'])
    expect(entered).toContain('backing-off source.unreachable')
    expect(entered).toContain('backing-off source.denied')
  })

  it('hold no config value, not even one of a public path', async () => {
    const { messages } = collect()
    const options = { public: ['note' as const] }
    const { put, modules } = await startHarness({ config: configOf({ a: 1 }, secret('first')), options })
    await put(configOf({ a: 2 }, secret('second')))
    await put({ a: { value: secret('type') as unknown as number } } as Config)
    await put(`{ "note": "${secret('malformed')}"`)
    modules.a.script('prepare', () => Promise.reject(new Error(secret('cause'))))
    await put(configOf({ a: 3 }, secret('fourth')))
    expect(messages.length).toBeGreaterThan(30)
    expect(secretsIn(messages.map(({ message }) => show(message)).join('\n'))).toEqual([])
  })

  it('tell the reloaders of one process apart', async () => {
    const { messages } = collect()
    const [one, two] = [
      await startHarness({ config: configOf({ a: 1 }) }),
      await startHarness({ config: configOf({}) }),
    ]
    const ids = [one.reloader.status().id, two.reloader.status().id]
    expect(new Set(ids).size).toBe(2)
    expect(new Set(messages.map(({ message }) => message.reloader))).toEqual(new Set(ids))
    const begins = messages.flatMap(({ message }) => ('transaction' in message ? [message] : []))
    for (const { reloader, transaction } of begins) expect(transaction.startsWith(`${reloader}-`)).toBe(true)
  })

  it('build no message while nobody listens', async () => {
    const built: unknown[] = []
    const { reloader, put } = await startHarness({ config: configOf({ a: 1 }) })
    const publisher = new Channels(reloader.status().id, () => built.push('now'))
    publisher.planned({
      id: 't',
      get snapshot(): never {
        built.push('snapshot')
        throw new Error('built')
      },
    } as never)
    publisher.sourceEntered(() => built.push('status') as never)
    publisher.frozen(true)
    publisher.announce({ kind: 'closed' })
    await put(configOf({ a: 2 }))
    expect(built).toEqual([])
  })
})

describe('A subscriber of a channel', () => {
  it.each(names)('that throws on %s does not end the process, and is reported once', async (name) => {
    let calls = 0
    listen(name, () => {
      calls += 1
      throw new Error(secret('subscriber'))
    })
    const heard: unknown[] = []
    listen(name, (message) => heard.push(message))
    const { reloader, records, source, put, advance } = createHarness({ config: configOf({ a: 1 }) })
    await reloader.start()
    source.breakWatch('source.unreachable')
    await advance(1_000)
    await put(configOf({ a: 2 }))
    await advance(0)
    expect(records.map(({ outcome }) => outcome)).toEqual(['committed', 'committed'])
    expect(calls).toBeGreaterThan(1)
    expect(heard.length).toBe(calls)
    expect(reloader.status().counters.reported).toBe(1)
  })

  it.each(names)('that rejects on %s does not end the process, and is reported once', async (name) => {
    listen(name, async () => Promise.reject(new Error('no')))
    const { reloader, put, until } = await startHarness({ config: configOf({ a: 1 }) })
    await put(configOf({ a: 2 }))
    await until(() => reloader.status().counters.reported > 0, 'reported')
    await new Promise((resolve) => setImmediate(resolve))
    expect(reloader.status().counters.reported).toBe(1)
  })

  it('is reported as listener.failed with the name of the channel, and without its message', async () => {
    const reported: unknown[] = []
    listen('changeover:state', (message) => {
      const state = message as StateMessage
      if (state.kind === 'reported') reported.push(state.failure)
    })
    listen('changeover:phase', () => {
      throw new Error(secret('message'))
    })
    await startHarness({ config: configOf({ a: 1 }) })
    expect(reported).toMatchObject([
      { code: 'listener.failed', detail: 'a subscriber of changeover:phase', cause: { name: 'Error' } },
    ])
    expect(secretsIn(show(reported))).toEqual([])
  })

  it('is guarded though it subscribed before the package was loaded, or through the channel itself', async () => {
    const { spawnSync } = await import('node:child_process')
    const entry = new URL('../../src/index.ts', import.meta.url).href
    const testing = new URL('../../src/testing/index.ts', import.meta.url).href
    const code = `
      import { channel, subscribe } from 'node:diagnostics_channel'
      let calls = 0
      const early = () => { calls += 1; throw new Error('early') }
      subscribe('changeover:transaction', early)
      const { createReloader } = await import(${JSON.stringify(entry)})
      const { memorySource } = await import(${JSON.stringify(testing)})
      channel('changeover:state').subscribe(() => { calls += 1; throw new Error('late') })
      const schema = { '~standard': { version: 1, vendor: 'hand', validate: (value) => ({ value }) } }
      const reloader = createReloader({ source: memorySource({}), schema })
      await reloader.start()
      await new Promise((resolve) => setImmediate(resolve))
      await reloader.close()
      const known = channel('changeover:transaction').unsubscribe(early)
      console.log(JSON.stringify({ some: calls > 2, known, left: channel('changeover:transaction').hasSubscribers }))
    `
    const args = ['--import', 'tsx', '--input-type=module', '--eval', code]
    const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect({ stdout, stderr, status }).toEqual({
      stdout: '{"some":true,"known":true,"left":false}\n',
      stderr: '',
      status: 0,
    })
  })

  it('may subscribe twice, and is called once less after each unsubscribe', async () => {
    let calls = 0
    const count = (): void => {
      calls += 1
    }
    listen('changeover:transaction', count)
    listen('changeover:transaction', count)
    const { put } = await startHarness({ config: configOf({ a: 1 }) })
    expect(calls).toBe(6)
    expect(unsubscribe('changeover:transaction', count)).toBe(true)
    await put(configOf({ a: 2 }))
    expect(calls).toBe(9)
    expect(unsubscribe('changeover:transaction', count)).toBe(true)
    expect(unsubscribe('changeover:transaction', count)).toBe(false)
    await put(configOf({ a: 3 }))
    expect(calls).toBe(9)
  })
})
