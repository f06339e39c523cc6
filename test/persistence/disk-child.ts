/**
 * The disk tests run this as a process of its own: `disk-child <task> <path> <uid>`. Once its modules are loaded it drops
 * root, to whom permissions do not apply; `-` keeps the uid. It prints one JSON line for each thing it has done.
 */
import { unlinkSync, writeFileSync } from 'node:fs'
import { systemClock } from '../../src/api/clock.ts'
import { fileStore } from '../../src/persistence/file-store.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import { goodOf, journalOf, wordsOf } from './scene.ts'

const [task = '', path = '', uid = '-'] = process.argv.slice(2)

if (uid !== '-' && process.getuid?.() === 0) {
  process.setgroups?.([])
  process.setegid?.(Number(uid))
  process.seteuid?.(Number(uid))
}

let words: string[] = []
const persistence = new Persistence(fileStore(path), {
  clock: systemClock,
  deadlineMs: 60_000,
  report: (failed) => void words.push(...wordsOf([failed])),
  backoff: { minMs: 10, maxMs: 50 },
})

const tell = (done: object): void => {
  const failures = [...new Set(words)]
  words = []
  process.stdout.write(
    `${JSON.stringify({ ...done, failures, lastError: persistence.status().lastError?.code ?? null })}\n`,
  )
}

const load = async (): Promise<void> => {
  const { goods, journal } = await persistence.load()
  tell({ goods: goods.map(({ sequence }) => sequence), journal: journal?.attempts[0]?.digest ?? null })
}

const large = goodOf(4, 'x'.repeat(48 * 1024))

const tasks: Readonly<Record<string, () => Promise<void>>> = {
  /** Loads, and saves the next good and the next journal. */
  save: async () => {
    await load()
    const saved = [
      await persistence.saveGoods([goodOf(4), goodOf(3), goodOf(2)]),
      await persistence.saveJournal(journalOf(2)),
    ]
    tell({ saved })
  },
  /** The same with a good for which there is no room until the parent makes some. */
  full: async () => {
    const filler = `${path}.filler`
    await load()
    // Fills the disk, or reaches the limit for files.
    try {
      for (;;) writeFileSync(filler, 'x'.repeat(4096), { flag: 'a' })
    } catch (error) {
      tell({ filler: error instanceof Error && 'code' in error ? error.code : null })
    }
    tell({ saved: [await persistence.saveGoods([large, goodOf(3), goodOf(2)])] })
    // The parent looks at the folder first.
    process.stdin.resume()
    await new Promise((resolve) => process.stdin.once('end', resolve))
    unlinkSync(filler)
    while (persistence.status().lastError !== undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    words = []
    await load()
  },
}

await tasks[task]?.()
persistence.close()
