/** Runs as a process of its own in the tests of the file source: `child.ts <task> <path>`. Prints JSON lines. */
import { closeSync, openSync, watch, writeFileSync } from 'node:fs'
import { fileSource } from '../../../src/sources/file/index.ts'
import { SourceError, type ReadResult, type SourceEvent } from '../../../src/api/source.ts'

const UNPRIVILEGED_ID = 65_534

const [task, path] = process.argv.slice(2)
if (path === undefined) throw new Error('a path is needed')

const never = new AbortController().signal
const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`)

/** Drops root, who ignores permissions. Called after all modules are loaded, since the other account may not read them. */
const dropRoot = (): void => {
  if (process.getuid?.() !== 0) return
  process.setgroups?.([])
  process.setegid?.(UNPRIVILEGED_ID)
  process.seteuid?.(UNPRIVILEGED_ID)
}

const describeError = (error: unknown): object => ({ code: error instanceof SourceError ? error.code : String(error) })

const describeResult = ({ kind, revision }: ReadResult): object => ({ kind, name: revision.name })

const source = fileSource({ path, pollMs: 100 })

const tasks: Record<string, () => Promise<void>> = {
  /** Prints what an unprivileged process reads. */
  read: async () => {
    dropRoot()
    print(await source.read(never).then(describeResult, describeError))
  },
  /** Prints each event of a watch in an unprivileged process, until it breaks. */
  watch: async () => {
    dropRoot()
    const { revision } = await source.read(never)
    try {
      for await (const event of source.watch(revision, never)) print({ kind: event.kind })
    } catch (error) {
      print(describeError(error))
    }
  },
  /** Opens watches, one with a consumer that hangs, and aborts them. The process must end by itself. */
  abort: async () => {
    const { revision } = await source.read(never)
    const controller = new AbortController()
    const hanging = source.watch(revision, controller.signal)[Symbol.asyncIterator]()
    await hanging.next()
    const waiting = source.watch(revision, controller.signal)[Symbol.asyncIterator]()
    const first: IteratorResult<SourceEvent> = await waiting.next()
    const second = waiting.next()
    controller.abort()
    print({ first: first.done === true ? 'end' : first.value.kind, ended: (await second).done })
  },
  /** Opens a watch with a consumer that hangs, and closes the source. The process must end by itself. */
  close: async () => {
    const { revision } = await source.read(never)
    const hanging = source.watch(revision, never)[Symbol.asyncIterator]()
    await hanging.next()
    await source.close?.()
    print({ closed: true })
  },
  /** Opens a watch while no file descriptor is left, then releases them and changes the file. */
  exhausted: async () => {
    const { revision } = await source.read(never)
    const taken = takeAllDescriptors()
    const watching = codeOfWatching('/')
    const events = source.watch(revision, never)[Symbol.asyncIterator]()
    const opened = await events.next()
    for (const descriptor of taken) closeSync(descriptor)
    writeFileSync(path, 'two')
    print({ watching })
    print({ kind: opened.done === true ? 'end' : opened.value.kind })
    const { value } = await events.next()
    print(value !== undefined && 'revision' in value ? describeResult(value) : { kind: value?.kind })
    await source.close?.()
  },
}

/** Opens files until the system refuses. */
const takeAllDescriptors = (): number[] => {
  const taken: number[] = []
  for (;;) {
    try {
      taken.push(openSync('/dev/null', 'r'))
    } catch {
      return taken
    }
  }
}

const codeOfWatching = (folder: string): unknown => {
  try {
    watch(folder).close()
    return 'works'
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

await tasks[task ?? '']?.()
