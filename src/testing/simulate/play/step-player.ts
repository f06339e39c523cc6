import type { SourceFault, Step } from '../scenario/scenario.ts'
import { applySourceFault } from './source-faults.ts'
import type { Asked } from '../check/restart-oracle.ts'
import type { World } from './simulation.ts'

/** One step in words, for the trace. */
const stepText = (step: Step): string => {
  switch (step.do) {
    case 'put':
      return `put ${JSON.stringify(step.document)}`
    case 'storm':
      return `storm of ${step.count}, then ${JSON.stringify(step.document)}`
    case 'put-both':
      return `put ${step.documents.map((document) => JSON.stringify(document)).join(' and at once ')}`
    case 'source':
      return `source: ${step.fault}${step.ms === undefined ? '' : ` for ${step.ms} ms`}`
    case 'advance':
      return `${step.ms} ms pass`
    default:
      return step.do
  }
}

/** More than the admission lets through before it gathers. */
const MAX_TOLD_ALONE = 12

/** Readings that are kept, for what is told twice or late. */
const KEPT = 4

const answered = (): void => {}

/** Performs the steps of a scenario on its world. */
export class Stepper {
  readonly #world: World<never>

  constructor(world: World<never>) {
    this.#world = world
    world.onDuring = (step) => this.#performNow(step)
  }

  async perform(step: Step): Promise<void> {
    const world = this.#world
    if (world.life?.isAlive === false) world.boot() // whoever supervises it has started it again
    world.chronicle.note({ kind: 'step', text: stepText(step) })
    switch (step.do) {
      case 'put':
        this.#put(step.document)
        break
      case 'storm':
        await this.#write(step.count, step.document)
        break
      case 'put-both':
        this.#putBoth(step.documents[1])
        break
      case 'source':
        await this.#disturb(step.fault, step.ms)
        break
      case 'advance':
        await world.clock.advance(step.ms)
        break
      case 'crash':
        world.crash(false)
        world.boot()
        break
      case 'restart':
        await this.#restart()
        break
      default:
        this.#ask(step.do)
    }
    await world.clock.advance(0)
    if (world.life?.process.isDead === true) world.boot() // a planned crash: the supervisor starts it again
    world.life?.look()
  }

  /** In the midst of a call nothing can be waited for: time stands still. */
  #performNow(step: Step): void {
    const world = this.#world
    world.chronicle.note({ kind: 'step', text: `meanwhile ${stepText(step)}` })
    switch (step.do) {
      case 'put':
        return this.#put(step.document)
      case 'storm':
        return this.#storm(step.count, step.document)
      case 'put-both':
        return this.#putBoth(step.documents[1])
      case 'source':
        world.chronicle.reached(`source ${step.fault}`)
        return applySourceFault(step.fault, world)
      case 'crash':
        return world.crash()
      case 'advance':
      case 'restart':
        return
      default:
        this.#ask(step.do)
    }
  }

  /** A watch that keeps up is told of many of them, one by one; the rest comes at once. */
  async #write(count: number, document: unknown): Promise<void> {
    const alone = Math.min(count - 1, MAX_TOLD_ALONE)
    for (let written = 0; written < alone; written++) {
      this.#put({ storm: written })
      await this.#world.clock.advance(0)
    }
    this.#storm(count - alone, document)
  }

  /** One transaction of the store: the first of the two is never to be seen, and the bell rings for each. */
  #putBoth(document: unknown): void {
    const { source, chronicle } = this.#world
    chronicle.reached('source two keys at once')
    this.#put(document)
    source.deliver({ kind: 'changed' })
    source.deliver({ kind: 'changed' })
  }

  #storm(count: number, document: unknown): void {
    this.#world.chronicle.reached('source storm')
    const { source } = this.#world
    for (let written = KEPT; written < count; written++) source.put(`{"storm":${written}}`)
    for (let written = 1; written < Math.min(KEPT, count); written++) this.#put({ storm: written })
    this.#put(document)
  }

  #put(document: unknown): void {
    const { source, readings } = this.#world
    const content = typeof document === 'string' ? document : (document as object | number | boolean | null)
    const revision = source.put(content ?? null)
    const text = typeof document === 'string' ? document : JSON.stringify(document ?? null)
    readings.push({ kind: 'document', revision, content: text })
    if (readings.length > KEPT) readings.shift()
  }

  async #disturb(fault: SourceFault, ms: number | undefined): Promise<void> {
    const { source, clock, chronicle } = this.#world
    chronicle.reached(`source ${fault}`)
    applySourceFault(fault, this.#world)
    if (ms === undefined) return
    await clock.advance(ms)
    source.heal()
  }

  async #restart(): Promise<void> {
    await this.close()
    this.#world.chronicle.reached('process restart')
    this.#world.boot()
  }

  /** Closes the reloader that lives, and waits as long as that may take. */
  async close(): Promise<void> {
    const { life, clock } = this.#world
    if (life === undefined || life.process.isDead) return
    life.process.ledger.isClosing = true
    let isClosed = false
    void life.reloader.close().then(() => {
      isClosed = true
    })
    for (let waited = 0; !isClosed && !life.process.isDead && waited < 100_000; waited += 1_000) {
      await clock.advance(1_000)
    }
    if (life.process.isDead) return // a planned crash, in the midst of it
    if (!isClosed) this.#world.chronicle.breach('G18', 'close() does not end')
    this.#world.chronicle.note({ kind: 'process', event: 'closed' })
    life.lookClosed()
  }

  /** What a person asks; what is refused is part of the history. */
  #ask(what: Asked): void {
    const { life, expectations, clock, chronicle } = this.#world
    if (life?.isAlive !== true) return
    const { reloader, isResting } = life
    const status = reloader.status()
    const latest = expectations.latest(isResting)
    expectations.asks(what, status)
    const asked = {
      reload: () => reloader.reload(),
      freeze: () => reloader.freeze('simulated'),
      unfreeze: () => reloader.unfreeze(),
      revert: () => reloader.revert(),
      retry: () => reloader.retry(),
      release: () => reloader.release(),
      confirm: () => reloader.confirm(status.confirmation?.transaction ?? 'none'),
    }[what]()
    life.unanswered += 1
    const answer = (): void => {
      life.unanswered -= 1
    }
    asked.then(answer, answer)
    if (what !== 'freeze' && what !== 'revert') return
    const { frozen } = reloader.status()
    if (frozen !== undefined) expectations.holds(latest, clock.monotonic())
    else asked.then(() => chronicle.breach('freeze', `${what}() was taken, and status() says nothing of it`), answered)
  }
}
