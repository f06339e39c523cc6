import { describe, expect, it } from 'vitest'
import { askInstances } from '../../src/cli/fleet/ask-instances.ts'
import { proofOf, quorumOf } from '../../src/cli/fleet/proof.ts'
import { waitForProof } from '../../src/cli/fleet/wait-for-proof.ts'
import { answerName, decodeCommand, encodeAnswer } from '../../src/fleet/fleet-command.ts'
import { encodeInstance, type InstanceEntry, instanceName } from '../../src/fleet/instance-entry.ts'
import { ModelFleet } from './model-fleet.ts'

const never = new AbortController().signal

const instanceOf = (id: string, more: Partial<InstanceEntry> = {}): InstanceEntry =>
  ({ id, service: 'shop', session: id, degraded: [], ...more }) as unknown as InstanceEntry

describe('Instances that are asked', () => {
  const ask = (to: readonly string[], answering: readonly string[], waitMs: number) => {
    const model = new ModelFleet()
    const store = model.store()
    const obey = async (): Promise<void> => {
      for await (const _ of store.watch('commands/', never)) {
        const { entries } = await store.list('commands/', never)
        const [command] = entries.flatMap(({ text }) => decodeCommand(text) ?? [])
        if (command === undefined) continue
        const put = Object.fromEntries(
          answering.map((instance) => [
            answerName(command.id, instance),
            encodeAnswer({ command: command.id, instance, isDone: true }),
          ]),
        )
        await store.write({ expect: {}, put }, never)
        return
      }
    }
    void obey()
    return { model, asked: askInstances(store, { action: 'retry', to, by: 'Ada' }, waitMs, never) }
  }

  it('are not waited for once all have answered, and the command ends with its lease', async () => {
    const { model, asked } = ask(['a', 'b'], ['a', 'b', 'c'], 3_600_000)
    expect([...(await asked).keys()].toSorted()).toEqual(['a', 'b', 'c'])
    expect(model.leases).toEqual([])
    expect((await model.store().list('commands/', never)).entries).toEqual([])
  })

  it('are waited for until the time is over, if some do not answer', async () => {
    const { model, asked } = ask(['a', 'b'], [], 1)
    expect((await asked).size).toBe(0)
    expect(model.leases).toEqual([])
  })
})

describe('What an instance has made of a revision', () => {
  const serving = { revision: '7', document: '7' }
  const tried = (outcome: string, document = '7') => ({ tried: { revision: document, document, outcome, at: 1 } })
  it.each<readonly [string, Partial<InstanceEntry>]>([
    ['pending', {}],
    ['pending', { serving: { revision: '6', document: '6' } }],
    ['pending', { serving: { revision: '7' } }],
    ['pending', { serving, degraded: ['db'] }],
    ['pending', tried('rolled-back', '6')],
    ['pending', tried('held', '6')],
    ['pending', tried('committed')],
    ['proved', { serving }],
    ['proved', { serving, ...tried('committed') }],
    ['held', { serving: { revision: '6', document: '6' }, ...tried('held') }],
    ['refused', tried('rejected')],
    ['refused', tried('rolled-back')],
    ['refused', { serving, ...tried('degraded') }],
  ])('is %s: %j', (proof, more) => {
    expect(proofOf(instanceOf('a', more), '7')).toBe(proof)
  })

  it.each([
    ['all', 4, 4],
    ['all', 0, 1],
    ['3', 4, 3],
    ['3', 1, 3],
    ['50%', 5, 3],
    ['100%', 5, 5],
    ['1%', 0, 1],
  ])('is enough for --for %s of %i instances: %i', (text, instances, needed) => {
    expect(quorumOf(text)(instances)).toBe(needed)
  })

  it.each(['', '0', '0%', '101%', '-1', '1.5', 'most', '%'])('is asked of no such number: %j', (text) => {
    expect(() => quorumOf(text)).toThrow('command.usage')
  })
})

describe('A wait for a proof', () => {
  it('tells the progress once, and again when it has changed', async () => {
    const model = new ModelFleet()
    const store = model.store()
    const put = (...entries: readonly InstanceEntry[]) =>
      store.write(
        {
          expect: {},
          put: Object.fromEntries(entries.map((entry) => [instanceName(entry.id), encodeInstance(entry)])),
        },
        never,
      )
    await put(instanceOf('a'), instanceOf('b'))
    const notes: string[] = []
    let lists = 0
    const counting: typeof store = {
      ...store,
      list: (...args) => {
        lists += 1
        return store.list(...args)
      },
    }
    const context = {
      signal: never,
      text: () => '1h',
      out: { isJson: false, note: (text: string) => notes.push(text) },
    }
    const waited = waitForProof(context as never, counting, '7', quorumOf('all'))
    await expect.poll(() => lists).toBeGreaterThan(2)
    const serving = { revision: '7', document: '7' }
    await put(instanceOf('a', { serving }))
    await expect.poll(() => notes).toHaveLength(2)
    await put(instanceOf('b', { serving }))
    expect((await waited).map(({ id }) => id)).toEqual(['a', 'b'])
    expect(notes).toEqual(['0 of 2 instances have proved revision 7', '1 of 2 instances have proved revision 7'])
  })
})
