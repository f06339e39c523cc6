import type { ReportError } from '../async/guarded-callback.ts'
import { type LevelLogger, pinoSymbolOf } from './switch-level.ts'

/** One stream of a `pino.multistream`, which drops the lines below its level. */
interface StreamEntry {
  level: number
  readonly stream: unknown
}

interface MultiStream {
  minLevel: number
  readonly streams: StreamEntry[]
}

/** The level that a stream had, and the one that it was set to. */
interface KnownLevel {
  readonly found: number
  readonly set: number
}

/** pino 10 marks a worker transport whose targets have levels with it. */
const usesMultistream = Symbol.for('pino.transport.usesMultistream')

/**
 * Follows the level of a logger with the streams of its `pino.multistream`: otherwise a logger at `debug` writes to
 * streams that are at `info`, their default, and nothing is seen of it. Only the most verbose streams follow. A stream
 * with a higher level is meant to have less, as a file of errors.
 */
export const trackStreamLevels = (logger: LevelLogger) => {
  const known = new WeakMap<StreamEntry, KnownLevel>()

  // A level that was set by hand since then is the stream's own.
  const foundLevel = (entry: StreamEntry): number => {
    const { found, set } = known.get(entry) ?? {}
    return found !== undefined && set === entry.level ? found : entry.level
  }

  const follow = ({ streams }: MultiStream, level: number): (() => void)[] => {
    const floor = Math.min(...streams.map(foundLevel))
    return streams
      .filter((entry) => foundLevel(entry) === floor)
      .map((entry) => {
        const before = entry.level
        const knownBefore = known.get(entry)
        const set = Math.min(floor, level)
        known.set(entry, { found: floor, set })
        entry.level = set
        return () => {
          if (entry.level !== set) return
          entry.level = before
          if (knownBefore === undefined) known.delete(entry)
          else known.set(entry, knownBefore)
        }
      })
  }

  return {
    /** Sets the streams to a level, and returns the exact inverse. Neither throws. */
    switchLevels: (level: number, report: ReportError): ((reportUndo: ReportError) => void) => {
      const undos: (() => void)[] = []
      change(logger, report, (multiStream) => undos.push(...follow(multiStream, level)))
      return (reportUndo) =>
        change(logger, reportUndo, () => {
          for (const undo of undos.splice(0)) undo()
        })
    },
    /** True if a worker filters by levels that cannot be reached from here. */
    areUnreachable: (): boolean =>
      streamsOf(logger).some((stream) => (stream as { [usesMultistream]?: unknown })[usesMultistream] === true),
  }
}

/** A stream of another kind that looks like a `pino.multistream` must not stop a commit. */
const change = (logger: LevelLogger, report: ReportError, work: (multiStream: MultiStream) => void): void => {
  try {
    for (const multiStream of streamsOf(logger).filter(isMultiStream)) {
      work(multiStream)
      sort(multiStream)
    }
  } catch (error) {
    report(error)
  }
}

/** pino relies on the order: the lowest level first. */
const sort = (multiStream: MultiStream): void => {
  multiStream.streams.sort((a, b) => a.level - b.level)
  multiStream.minLevel = multiStream.streams[0]?.level ?? multiStream.minLevel
}

/** The stream of the logger, and all streams in it. */
const streamsOf = (logger: LevelLogger): readonly object[] => {
  const found = new Set<object>()
  const add = (stream: unknown): void => {
    if (typeof stream !== 'object' || stream === null || found.has(stream)) return
    found.add(stream)
    if (isMultiStream(stream)) for (const entry of stream.streams) add(entry.stream)
  }
  const symbol = pinoSymbolOf(logger, 'pino.stream')
  if (symbol !== undefined) add(Reflect.get(logger, symbol))
  return [...found]
}

const isMultiStream = (stream: object): stream is MultiStream => {
  const { minLevel, streams } = stream as Partial<MultiStream>
  return typeof minLevel === 'number' && Array.isArray(streams) && streams.every(isEntry)
}

const isEntry = (entry: unknown): entry is StreamEntry =>
  typeof entry === 'object' && entry !== null && typeof (entry as StreamEntry).level === 'number'
