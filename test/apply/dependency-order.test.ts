import { describe, expect, test } from 'vitest'
import { inOrder } from '../../src/apply/dependency-order.ts'

interface Node {
  readonly name: string
  readonly after: readonly string[]
}

const node = (name: string, ...after: string[]): Node => ({ name, after })

/** Runs the tasks of the named nodes, each ended by hand. */
const run = (order: readonly Node[], withTask: string) => {
  const started: string[] = []
  const ends = new Map<string, () => void>()
  let isOver = false
  const over = inOrder(
    order,
    ({ after }) => after,
    ({ name }) => {
      if (!withTask.includes(name)) return undefined
      return () => {
        started.push(name)
        return new Promise<void>((resolve) => ends.set(name, resolve))
      }
    },
  ).then(() => {
    isOver = true
  })
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { started, end, over, isOver: () => isOver }
}

describe('inOrder', () => {
  test('starts each when all before it have ended', async () => {
    const work = run([node('a'), node('b'), node('c', 'a', 'b'), node('d', 'a')], 'abcd')
    expect(work.started).toEqual(['a', 'b'])
    await work.end('a')
    expect(work.started).toEqual(['a', 'b', 'd'])
    await work.end('b')
    expect(work.started).toEqual(['a', 'b', 'd', 'c'])
    await work.end('d')
    expect(work.isOver()).toBe(false)
    await work.end('c')
    expect(work.isOver()).toBe(true)
  })

  test('keeps a chain whose middle has nothing to do', async () => {
    const work = run([node('a'), node('b', 'a'), node('c', 'b'), node('d', 'c')], 'ad')
    expect(work.started).toEqual(['a'])
    await work.end('a')
    expect(work.started).toEqual(['a', 'd'])
  })

  test('does not wait for a node that has nothing to do and waits for none', async () => {
    const work = run([node('a'), node('b', 'a')], 'b')
    expect(work.started).toEqual(['b'])
  })

  test('ends at once if there is nothing to do', async () => {
    await run([node('a'), node('b', 'a')], '').over
  })

  test('goes on after a task that ends at once, also in a very long chain', async () => {
    const length = 100_000
    const order = Array.from({ length }, (_, index) => node(`n${index}`, `n${index - 1}`))
    const started: number[] = []
    await inOrder(
      order,
      ({ after }) => after,
      ({ name }) =>
        () => {
          started.push(Number(name.slice(1)))
          return undefined
        },
    )
    expect(started).toEqual(Array.from({ length }, (_, index) => index))
  })

  test('passes through a very long chain that has nothing to do but at its ends', async () => {
    const last = 100_000
    const order = Array.from({ length: last + 1 }, (_, index) => node(`n${index}`, `n${index - 1}`))
    const started: string[] = []
    await inOrder(
      order,
      ({ after }) => after,
      ({ name }) => {
        if (name !== 'n0' && name !== `n${last}`) return undefined
        return async () => {
          started.push(name)
        }
      },
    )
    expect(started).toEqual(['n0', `n${last}`])
  })
})
