import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { exploreChoices } from '../choices.ts'
import { createDisk } from '../disk.ts'
import { attemptOf, goodOf, journalOf, quarantinedOf } from '../scene.ts'
import { type Around, counting, stepped } from '../steps.ts'
import { createHost } from './host.ts'
import { interleave } from './interleave.ts'

/** As version 0.1 wrote it. */
const oldBody =
  '{"digestKey":"k","attempts":[{"digest":"d","build":"","revision":"1","startedAt":1,"deaths":1,"isOpen":true,"confirm":false}],"quarantine":[]}\n'
const oldJournal = `changeover/1 journal ${createHash('sha256').update(oldBody).digest('hex')}\n${oldBody}`

type Host = ReturnType<typeof createHost>
type Booted = ReturnType<Host['boot']>

/** Boots a process, loads, and stores a good and a journal of this number. */
const bootWith = async (host: Host, name: string, n: number): Promise<Booted> => {
  const booted = host.boot(name)
  const { goods } = await booted.persistence.load()
  await booted.persistence.saveGoods([goodOf(n), ...goods])
  await booted.persistence.saveJournal({ ...journalOf(2), attempts: [attemptOf(n)] })
  return booted
}

const sequences = (goods: readonly { readonly sequence: number }[]): number[] => goods.map(({ sequence }) => sequence)

describe('a process', () => {
  it('that is alone has the files of the path, however often it is restarted', async () => {
    const host = createHost()
    for (let n = 1; n <= 5; n++) (await bootWith(host, `process ${n}`, n)).kill()
    expect(host.names).toEqual(['good', 'good.1', 'good.2', 'good.journal', 'good.owner-5'])
  })

  it('that starts beside another one has files of its own, says so once, and finds the goods of both', async () => {
    const host = createHost()
    const one = await bootWith(host, 'one', 1)
    const two = await bootWith(host, 'two', 2)
    expect(host.entries).toEqual(['good', 'good.journal', 'good.slot1', 'good.slot1.1', 'good.slot1.journal'])
    expect(two.failures).toEqual(['persistence.shared process 1'])
    expect(two.persistence.status()).not.toHaveProperty('lastError')
    const three = host.boot('three')
    expect(sequences((await three.persistence.load()).goods)).toEqual([2, 1])
    expect(three.failures).toEqual(['persistence.shared process 1'])
    // The first one notices when it stores the next good.
    expect(one.failures).toEqual([])
    expect(await one.persistence.others.highestSequence()).toBe(2)
    expect(await one.persistence.others.highestSequence()).toBe(2)
    expect(one.failures).toEqual(['persistence.shared process 2'])
  })

  it('never writes into the files of another one, even if that one stores older goods meanwhile', async () => {
    const host = createHost()
    const [one, two] = [await bootWith(host, 'one', 1), await bootWith(host, 'two', 9)]
    for (let n = 2; n < 8; n++) await one.persistence.saveGoods([goodOf(n), goodOf(n - 1)])
    await two.persistence.saveJournal(journalOf(4))
    one.kill()
    two.kill()
    expect(sequences((await host.boot('three').persistence.load()).goods)).toEqual([9, 7, 6])
  })

  it('takes over what processes have left that have ended, and removes it once it is stored', async () => {
    const host = createHost()
    const before = [await bootWith(host, 'one', 1), await bootWith(host, 'two', 2), await bootWith(host, 'three', 3)]
    for (const { kill } of before) kill()
    const next = host.boot('next')
    const { goods, journal, hasAdopted } = await next.persistence.load()
    expect(hasAdopted).toBe(true)
    expect(next.failures).toEqual([])
    expect(sequences(goods)).toEqual([3, 2, 1])
    expect(journal?.attempts.map(({ digest }) => digest).sort()).toEqual(['digest-1', 'digest-2', 'digest-3'])
    if (journal === undefined) throw new Error('no journal')
    await next.persistence.saveJournal(journal)
    await next.persistence.saveGoods(goods)
    await next.persistence.others.discardAdopted()
    expect(host.entries).toEqual(['good', 'good.1', 'good.2', 'good.journal'])
    next.kill()
    const last = await host.boot('last').persistence.load()
    expect([sequences(last.goods), last.hasAdopted]).toEqual([[3, 2, 1], undefined])
    expect(last.journal?.attempts).toHaveLength(3)
  })

  it('takes over what a process has left that has released it and lives on', async () => {
    const host = createHost()
    const one = await bootWith(host, 'one', 1)
    one.persistence.close()
    await one.persistence.others.release()
    const two = host.boot('two')
    expect(sequences((await two.persistence.load()).goods)).toEqual([1])
    expect(two.failures).toEqual([])
    await two.persistence.saveGoods([goodOf(2), goodOf(1)])
    expect(host.entries).toEqual(['good', 'good.1', 'good.journal'])
  })

  it('leaves the files of a process alone of which nobody can tell', async () => {
    const host = createHost()
    await bootWith(host, 'elsewhere', 5)
    host.setState('elsewhere', 'unknown')
    const here = await bootWith(host, 'here', 6)
    expect(host.entries).toContain('good.slot1')
    expect(here.failures).toHaveLength(1)
    here.kill()
    const next = host.boot('next')
    expect(sequences((await next.persistence.load()).goods)).toEqual([6, 5])
    expect(next.failures).toHaveLength(1)
  })

  it('takes over no attempt of a process that lives, but the deaths it knows of, what has crashed it, the freeze and the key', async () => {
    const host = createHost()
    const one = await bootWith(host, 'one', 1)
    const crashed = { ...quarantinedOf(1), code: 'attempt.died' }
    const digestKey = 'the key of one'
    const attempts = [0, 2].map((deaths) => ({ ...attemptOf(deaths), isOpen: true, owner: one.self }))
    await one.persistence.saveJournal({ ...journalOf(1), digestKey, attempts, quarantine: [crashed] })
    const { journal } = await host.boot('two').persistence.load()
    const known = { ...attemptOf(2), isOpen: false }
    expect(journal).toEqual({ ...journalOf(1), digestKey, attempts: [known], quarantine: [crashed] })
  })

  it('takes the quarantine and the freeze from the journal that was written last', async () => {
    const host = createHost()
    const one = await bootWith(host, 'one', 1)
    const two = await bootWith(host, 'two', 2)
    await one.persistence.saveJournal({ ...journalOf(1), quarantine: [quarantinedOf(3)] })
    const frozen = { reason: 'newest', since: 1 }
    for (const _ of [1, 2])
      await two.persistence.saveJournal({ ...journalOf(2), quarantine: [quarantinedOf(5)], frozen })
    one.kill()
    const next = await host.boot('next').persistence.load()
    expect(next.journal).toMatchObject({ frozen, quarantine: [quarantinedOf(5)] })
  })

  it('merges no digests of another key, and keeps its own', async () => {
    const host = createHost()
    const one = await bootWith(host, 'one', 1)
    const two = await bootWith(host, 'two', 2)
    await one.persistence.saveJournal({ ...journalOf(2), digestKey: 'key 1', attempts: [attemptOf(1)] })
    await two.persistence.saveJournal({ ...journalOf(2), digestKey: 'key 2', attempts: [attemptOf(2)] })
    one.kill()
    two.kill()
    const { journal } = await host.boot('next').persistence.load()
    expect(journal).toMatchObject({ digestKey: 'key 1', attempts: [attemptOf(1)] })
  })

  it('takes over a journal of an earlier version, which knows neither owners nor slots', async () => {
    const disk = createDisk()
    const old = createHost(disk)
    await old.boot('old').persistence.saveGoods([goodOf(1)])
    disk.put('/data/good.journal', oldJournal)
    const { journal, goods } = await old.boot('new').persistence.load()
    expect(sequences(goods)).toEqual([1])
    expect(journal).toMatchObject({ digestKey: 'k', attempts: [{ digest: 'd', deaths: 1, isOpen: true }] })
  })

  it('leaves what another one has left to the next start while it runs itself', async () => {
    const host = createHost()
    const one = await bootWith(host, 'one', 1)
    const two = await bootWith(host, 'two', 2)
    two.kill()
    expect(await one.persistence.others.highestSequence()).toBe(2)
    expect(one.failures).toEqual([])
    const next = await host.boot('next').persistence.load()
    expect(next.journal?.attempts.map(({ digest }) => digest)).toEqual(['digest-2', 'digest-1'])
  })

  it('uses the files of the path if the folder allows no claims', async () => {
    for (const code of ['EPERM', 'ENOTSUP', 'EACCES', 'ENOSYS']) {
      const host = createHost()
      const files = {
        ...host.disk.files,
        createWhole: () => Promise.reject(Object.assign(new Error(code), { code })),
        ...(code === 'EACCES' ? { list: () => Promise.reject(Object.assign(new Error(code), { code })) } : {}),
      }
      const { persistence, failures } = host.boot('one', files)
      await persistence.load()
      expect(await persistence.saveGoods([goodOf(1)])).toBe(true)
      expect(failures).toEqual([])
      expect(host.names).toEqual(['good'])
    }
  })

  it('claims its files later if the disk had no room for a claim', async () => {
    const host = createHost()
    let isFull = true
    const files = {
      ...host.disk.files,
      createWhole: (path: string, text: string) =>
        isFull ? Promise.reject(new Error('ENOSPC')) : host.disk.files.createWhole(path, text),
    }
    const one = host.boot('one', files)
    await one.persistence.load()
    isFull = false
    const two = await bootWith(host, 'two', 2)
    expect(await one.persistence.saveGoods([goodOf(1)])).toBe(true)
    expect(two.failures).toEqual([])
    expect(host.entries).toEqual(['good', 'good.journal', 'good.slot1'])
  })
})

describe('processes that start at the same time', () => {
  /** Boots processes, and interleaves the steps in which each chooses its files. Returns the journals that they write. */
  const startTogether = async (
    host: Host,
    names: readonly string[],
    choose: (options: number) => number,
  ): Promise<readonly string[]> => {
    const processes: Booted[] = []
    const start = (name: string) => async (around: Around) => {
      const booted = host.boot(name, stepped(host.disk.files, around))
      processes.push(booted)
      await booted.store.load('journal')
    }
    await interleave(names.map(start), choose)
    for (const { store, name } of processes) await store.save('journal', `changeover/1 ${name}`)
    return names.map((name) => {
      const path = host.disk.paths().find((one) => host.disk.text(one) === `changeover/1 ${name}`)
      return path?.replace('/data/', '') ?? 'none'
    })
  }

  it.each(['a fresh path', 'a path whose owner has died', 'a path that was released'])(
    'never get the same files, whoever does the next step: %s',
    async (scene) => {
      const runs = await exploreChoices(8, async (choose) => {
        const host = createHost()
        if (scene !== 'a fresh path') {
          const before = await bootWith(host, 'before', 1)
          if (scene.includes('died')) before.kill()
          else await before.persistence.others.release()
        }
        const journals = await startTogether(host, ['one', 'two'], choose)
        expect([...journals].sort()).toEqual(['good.journal', 'good.slot1.journal'])
      })
      expect(runs).toBeGreaterThan(100)
    },
  )

  it('never get the same files if three of them meet what two dead ones have left', async () => {
    const runs = await exploreChoices(5, async (choose) => {
      const host = createHost()
      for (const { kill } of [await bootWith(host, 'x', 1), await bootWith(host, 'y', 2)]) kill()
      const journals = await startTogether(host, ['one', 'two', 'three'], choose)
      expect([...journals].sort()).toEqual(['good.journal', 'good.slot1.journal', 'good.slot2.journal'])
    })
    expect(runs).toBeGreaterThan(100)
  })

  it('do not get files back that they were too slow to take', async () => {
    const host = createHost()
    ;(await bootWith(host, 'dead', 1)).kill()
    let go = (): void => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const around: Around = async (name, run) => {
      if (name === 'claim') await gate
      return run()
    }
    const slow = host.boot('slow', stepped(host.disk.files, around))
    const loaded = slow.store.load('journal')
    for (let n = 0; n < 50; n++)
      await undefined
      // Meanwhile the files have two more owners.
    ;(await bootWith(host, 'second', 2)).kill()
    await bootWith(host, 'third', 3)
    go()
    await loaded
    await slow.store.save('journal', 'changeover/1 slow')
    expect(host.disk.text('/data/good.slot1.journal')).toBe('changeover/1 slow')
  })
})

describe('taking over', () => {
  it('loses nothing, wherever the process dies meanwhile', async () => {
    const prepare = async (): Promise<Host> => {
      const host = createHost()
      for (const { kill } of [await bootWith(host, 'one', 1), await bootWith(host, 'two', 2)]) kill()
      return host
    }
    const takeOver = async (host: Host, around: Around): Promise<void> => {
      const { persistence } = host.boot('next', stepped(host.disk.files, around))
      const { goods, journal } = await persistence.load()
      if (journal !== undefined) await persistence.saveJournal(journal)
      await persistence.saveGoods(goods)
      await persistence.others.discardAdopted()
    }
    const { around: counted, names } = counting()
    await takeOver(await prepare(), counted)
    expect(names.length).toBeGreaterThan(40)
    for (let at = 0; at <= names.length; at++) {
      const host = await prepare()
      let step = 0
      let reach = (): void => {}
      const reached = new Promise<void>((resolve) => {
        reach = resolve
      })
      const dying: Around = (_, run) => {
        if (step++ < at) return run()
        reach()
        return new Promise(() => {})
      }
      await Promise.race([reached, takeOver(host, dying)])
      const after = createHost(host.disk.afterKill())
      const { goods, journal } = await after.boot('after').persistence.load()
      expect(sequences(goods), `step ${at}`).toEqual([2, 1])
      const digests = new Set(journal?.attempts.map(({ digest }) => digest))
      expect(digests, `step ${at}`).toEqual(new Set(['digest-1', 'digest-2']))
    }
  })
})
