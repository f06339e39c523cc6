/** Run as a process of its own by the file source's tests: `file-child.ts <task> <path>`; prints one JSON line. */
import { closeSync, openSync, watch, writeFileSync } from 'node:fs'
import { fileSource } from '../../../src/sources/file/index.ts'
import { SourceError, type ReadResult, type SourceEvent } from '../../../src/api/source.ts'

const NOBODY = 65_534

const [task, path] = process.argv.slice(2)
if (path === undefined) throw new Error('a path is needed')

const never = new AbortController().signal
const print = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`)

/** Gives up root, before whom permissions do not count; after all modules are loaded, which nobody may not read. */
const becomeNobody = (): void => {
  if (process.getuid?.() !== 0) return
  process.setgroups?.([])
  process.setegid?.(NOBODY)
  process.seteuid?.(NOBODY)
}

const describeError = (error: unknown): object => ({ code: error instanceof SourceError ? error.code : String(error) })

const describeReading = ({ kind, revision }: ReadResult): object => ({ kind, name: revision.name })

const source = fileSource({ path, pollMs: 100 })

const tasks: Record<string, () => Promise<void>> = {
  /** What an unprivileged process reads. */
  read: async () => {
    becomeNobody()
    print(await source.read(never).then(describeReading, describeError))
  },
  /** Prints each event of a watch by an unprivileged process, until it breaks. */
  watch: async () => {
    becomeNobody()
    const { revision } = await source.read(never)
    try {
      for await (const event of source.watch(revision, never)) print({ kind: event.kind })
    } catch (error) {
      print(describeError(error))
    }
  },
  /** Opens watches and ends them by their signal, one with a consumer that hangs; the process must end by itself. */
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
  /** The same by `close`, with the signal never aborted. */
  close: async () => {
    const { revision } = await source.read(never)
    const hanging = source.watch(revision, never)[Symbol.asyncIterator]()
    await hanging.next()
    await source.close?.()
    print({ closed: true })
  },
  /** Opens a watch while no file descriptor is left, then gives them back and changes the file. */
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
    print(value !== undefined && 'revision' in value ? describeReading(value) : { kind: value?.kind })
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
