import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { History } from '../../../src/history/document-store.ts'
import { fileDocumentStore } from '../../../src/sources/file/operator/file-document-store.ts'
import { never } from '../../sources/follow.ts'
import { call, documentOf } from '../command.ts'
import { type FileStep, runStopped, type Stop } from './stopped-command.ts'

const MAX_ENTRIES = 50
const NEW = documentOf('debug', 40)
const NEXT = documentOf('info', 39)

/** What is there before, and the command that is killed. */
export interface Scene {
  readonly name: string
  readonly prepare: (path: string) => Promise<void>
  readonly argv: (revision: string) => readonly string[]
  /** What the command writes. */
  readonly text: string
}

const historyOf = (path: string): Promise<History> => fileDocumentStore(path, 10_000).history(never)

const publish = async (path: string, count: number): Promise<void> => {
  const store = fileDocumentStore(path, 10_000)
  for (let round = 1; round <= count; round++) {
    const { revision } = await store.read(never)
    const text = documentOf('info', 1 + (round % 30))
    await store.write({ text, ifRevision: revision, author: 'x', reason: '', action: 'publish' }, never)
  }
}

const publishing = (revision: string): readonly string[] => ['publish', 'new.json', '--if-revision', revision]

export const scenes: readonly Scene[] = [
  { name: 'a first publish', prepare: async () => {}, argv: publishing, text: NEW },
  { name: 'a publish', prepare: (path) => publish(path, 2), argv: publishing, text: NEW },
  {
    name: 'a publish over what an editor has written',
    prepare: async (path) => {
      await publish(path, 1)
      await writeFile(path, documentOf('info', 33))
    },
    argv: publishing,
    text: NEW,
  },
  { name: 'a publish with a full history', prepare: (path) => publish(path, MAX_ENTRIES), argv: publishing, text: NEW },
  {
    name: 'a rollback',
    prepare: (path) => publish(path, 2),
    argv: (revision) => ['rollback', '1', '--if-revision', revision],
    text: documentOf('info', 2),
  },
  {
    name: 'a set',
    prepare: (path) => publish(path, 2),
    argv: () => ['set', 'log.level', 'debug'],
    text: documentOf('debug', 3),
  },
]

/** The first read, and whatever changes the disk: between two other steps nothing can be left half done. */
const stopsOf = (steps: readonly FileStep[]): readonly Stop[] =>
  steps.flatMap(({ number, name }, index): readonly Stop[] => {
    const isRead = /^(?:readFile|readdir|stat|open)$/.test(name)
    if (isRead && index > 1 && index < steps.length - 1) return []
    return [{ number, moment: 'before' }, ...(name.endsWith('writeFile') ? [{ number, moment: 'half' } as const] : [])]
  })

/** Kills a command at every step, and checks each time that document and history agree and the next command works. */
export const killAtEveryStep = async (command: string, folder: string, scene: Scene): Promise<void> => {
  const work = join(folder, 'work')
  const path = join(work, 'config.json')
  await rm(work, { recursive: true, force: true })
  await mkdir(work)
  await writeFile(join(folder, 'new.json'), NEW)
  await writeFile(join(folder, 'next.json'), NEXT)
  await scene.prepare(path)
  const saved = join(folder, 'saved')
  await rm(saved, { recursive: true, force: true })
  await cp(work, saved, { recursive: true })
  const restart = async (): Promise<History> => {
    await rm(work, { recursive: true })
    await cp(saved, work, { recursive: true })
    return historyOf(path)
  }
  const run = (revision: string, stop?: Stop) => {
    const argv = [...scene.argv(revision), '--author', 'x', '--file', path]
    return runStopped(command, argv, { cwd: folder, folder: work, stop })
  }
  const whole = await run((await restart()).document.revision)
  expect(whole).toMatchObject({ exit: 0, signal: null })
  let isWritten = false
  for (const stop of stopsOf(whole.steps)) {
    const before = await restart()
    const { signal, steps } = await run(before.document.revision, stop)
    const at = `${stop.moment} ${JSON.stringify(steps.at(-1))}`
    expect(signal, at).toBe('SIGKILL')
    const after = await historyOf(path)
    const isNew = after.document.text === scene.text
    // What is written at one step is written at all that follow.
    expect(isNew || !isWritten, at).toBe(true)
    isWritten = isNew
    expectAgreement(before, after, scene.text, at)
    const next = ['publish', 'next.json', '--if-revision', after.document.revision, '--author', 'y', '--file', path]
    expect(await call(next, { cwd: folder }), at).toMatchObject({ exit: 0 })
    const end = await historyOf(path)
    expect([end.document.text, end.entries[0]?.text, end.isCurrent], at).toEqual([NEXT, NEXT, true])
    const [newest = 0, ...others] = end.entries.map(({ number }) => number)
    expect(others, at).toEqual(others.map((_, index) => newest - 1 - index))
    expect(await leftIn(work), at).toEqual([])
  }
  expect(isWritten).toBe(true)
}

const expectAgreement = (before: History, after: History, text: string, at: string): void => {
  if (after.document.text === text) {
    expect([after.entries[0]?.text, after.isCurrent], at).toEqual([text, true])
    return
  }
  expect(after.document.text, at).toBe(before.document.text)
  const added = after.entries.filter(({ number }) => number > (before.entries[0]?.number ?? 0))
  expect(
    added.map(({ action }) => action).filter((action) => action !== 'found'),
    at,
  ).toEqual([])
  expect(after.isCurrent || !before.isCurrent, at).toBe(true)
}

/** What does not belong to a document with a history. */
const leftIn = async (work: string): Promise<readonly string[]> => {
  const names = await readdir(work, { recursive: true })
  return names.filter(
    (name) => !/^config\.json(?:\.changeover(?:\/(?:head\.json|\d+\.entry|lock\.owner-\d+))?)?$/.test(name),
  )
}
