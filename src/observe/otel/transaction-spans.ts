import {
  type Attributes,
  type Context,
  type HrTime,
  type Link,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import type { PhaseMessage, TransactionMessage } from '../../api/channels.ts'
import type { TransactionRecord } from '../../model/record.ts'

/** The span of a transaction, and where its children go. */
interface TransactionSpan {
  readonly span: Span
  readonly context: Context
  readonly startedAt: number
}

type Began = Extract<TransactionMessage, { kind: 'began' }>

/** How many transactions are remembered whose replaced generations may still be closed. */
const MAX_REMEMBERED = 256

const REVISION = 'changeover.revision'
const CODE = 'changeover.code'

/** Makes the spans of one reloader. A transaction whose span is not recorded has none below it. */
export class TransactionSpans {
  readonly #tracer: Tracer
  readonly #attributes: Attributes
  readonly #spans = new Map<string, TransactionSpan>()
  #running: string | undefined
  #superseded: SpanContext | undefined

  constructor(tracer: Tracer, attributes: Attributes) {
    this.#tracer = tracer
    this.#attributes = attributes
  }

  /** True once a span was recorded. */
  get areRecorded(): boolean {
    return this.#spans.size > 0
  }

  onTransaction(message: TransactionMessage): void {
    if (message.kind === 'began') return this.#begin(message)
    const known = this.#spans.get(message.transaction)
    if (known === undefined) return
    if (message.kind === 'planned') known.span.setAttribute(REVISION, message.revision.name)
    else this.#end(known, message.record)
  }

  onPhase({ transaction, module, phase, startMs, ended }: PhaseMessage): void {
    if (ended === undefined) return
    const known = this.#spans.get(transaction)
    if (known === undefined) return
    const { context, startedAt } = known
    const attributes = {
      ...this.#attributes,
      'changeover.module': module,
      'changeover.phase': phase,
      'changeover.result': ended.result,
    }
    const options = { attributes, startTime: timeOf(startedAt + startMs) }
    const span = this.#tracer.startSpan(`config ${phase} ${module}`, options, context)
    if (ended.result === 'failed' || ended.result === 'timed-out') span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(timeOf(startedAt + ended.atMs))
  }

  /** Ends the span of a transaction that still runs. */
  stop(): void {
    if (this.#running !== undefined) this.#spans.get(this.#running)?.span.end()
    this.#spans.clear()
  }

  #begin({ transaction, trigger, epoch, at }: Began): void {
    const links: Link[] = this.#superseded === undefined ? [] : [{ context: this.#superseded }]
    this.#superseded = undefined
    const attributes = {
      ...this.#attributes,
      'changeover.transaction': transaction,
      'changeover.epoch': epoch,
      'changeover.trigger': trigger,
    }
    // A transaction belongs to the service, not to the request that has asked for it.
    const options = { attributes, links, startTime: timeOf(at) }
    const span = this.#tracer.startSpan('config reload', options, ROOT_CONTEXT)
    if (!span.isRecording()) return
    this.#running = transaction
    this.#spans.set(transaction, { span, context: trace.setSpan(ROOT_CONTEXT, span), startedAt: at })
    const [oldest] = this.#spans.keys()
    if (this.#spans.size > MAX_REMEMBERED && oldest !== undefined) this.#spans.delete(oldest)
  }

  #end({ span, startedAt }: TransactionSpan, record: TransactionRecord): void {
    const { id, outcome, revision, durationMs } = record
    this.#running = this.#running === id ? undefined : this.#running
    span.setAttribute('changeover.outcome', outcome)
    if (revision !== undefined) span.setAttribute(REVISION, revision.name)
    if ('failures' in record) {
      const [{ code, message }] = record.failures
      span.setAttribute(CODE, code)
      span.setStatus({ code: SpanStatusCode.ERROR, message })
    }
    if (outcome === 'superseded') this.#superseded = span.spanContext()
    span.end(timeOf(startedAt + durationMs))
  }
}

/** As OpenTelemetry's pair of seconds and nanoseconds: a plain number could be taken for one of `performance.now`. */
const timeOf = (ms: number): HrTime => {
  const seconds = Math.floor(ms / 1_000)
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)]
}
