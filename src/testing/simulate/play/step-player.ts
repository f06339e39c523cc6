import type { SourceFault, Step } from '../scenario/scenario.ts'
import { giveCommand } from './operator.ts'
import { reordered } from './source/reordered.ts'
import { KEPT_DOCUMENTS, type Simulation } from './simulation.ts'
import { applySourceFault } from './source/source-faults.ts'

/** More single changes than the admission passes on before it waits for a storm to end. */
const MAX_SINGLE_WRITES = 12

/** How long `close()` may take before it counts as hung, in milliseconds. */
const MAX_CLOSE_MS = 100_000

/** Performs the steps of a scenario on its simulation. */
export class StepPlayer {
  readonly #simulation: Simulation<never>

  constructor(simulation: Simulation<never>) {
    this.#simulation = simulation
    simulation.onDuring = (step) => {
      simulation.log.note({ kind: 'step', text: `meanwhile ${stepText(step)}` })
      this.#actNow(step)
    }
  }

  async perform(step: Step): Promise<void> {
    const simulation = this.#simulation
    if (simulation.service?.isAlive === false) simulation.boot() // as a supervisor would
    simulation.log.note({ kind: 'step', text: stepText(step) })
    await this.#act(step)
    await simulation.clock.advance(0)
    if (simulation.service?.process.isDead === true) simulation.boot() // after a planned crash, as a supervisor would
    simulation.checkInvariants()
  }

  #act(step: Step): Promise<void> | void {
    const simulation = this.#simulation
    switch (step.do) {
      case 'storm':
        return this.#writeMany(step.count, step.document)
      case 'source':
        return this.#disturb(step.fault, step.ms)
      case 'advance':
        return simulation.clock.advance(step.ms)
      case 'crash':
        simulation.crash()
        return simulation.boot()
      case 'overlap':
        return this.#overlap(step.ms)
      case 'restart':
        return this.#restart()
      default:
        this.#actNow(step)
    }
  }

  /** Performs a step without letting time pass, as during a call. */
  #actNow(step: Step): void {
    const simulation = this.#simulation
    switch (step.do) {
      case 'put':
        return this.#put(step.document)
      case 'storm':
        return this.#storm(step.count, step.document)
      case 'put-both':
        return this.#putBoth(step.documents[1])
      case 'source':
        return this.#startSourceFault(step.fault)
      case 'outage':
        return simulation.plan.startOutage(step)
      case 'reorder':
        return this.#reorder()
      case 'clock':
        return simulation.setClock(step.ms)
      case 'refresh':
        return giveCommand(simulation, 'refresh', step.module)
      case 'advance':
      case 'restart':
      case 'overlap':
      case 'crash':
        return // they take time, or concern the process of the call
      default:
        giveCommand(simulation, step.do)
    }
  }

  #put(document: unknown): void {
    this.#simulation.put((document as string | object | number | boolean | null | undefined) ?? null)
  }

  /** Writes the last document again with its keys in another order. */
  #reorder(): void {
    const { written, log } = this.#simulation
    const newest = written.at(-1)
    if (newest?.kind !== 'document') return
    log.countFault('source reordered keys')
    this.#put(reordered(newest.content))
  }

  /** Writes some documents one by one, so that the watch reports each of them, and the others at one moment. */
  async #writeMany(count: number, document: unknown): Promise<void> {
    const singles = Math.min(count - 1, MAX_SINGLE_WRITES)
    for (let written = 0; written < singles; written++) {
      this.#put({ storm: written })
      await this.#simulation.clock.advance(0)
    }
    this.#storm(count - singles, document)
  }

  #storm(count: number, document: unknown): void {
    const { source, log } = this.#simulation
    log.countFault('source storm')
    for (let written = KEPT_DOCUMENTS; written < count; written++) source.put(`{"storm":${written}}`)
    for (let written = 1; written < Math.min(KEPT_DOCUMENTS, count); written++) this.#put({ storm: written })
    this.#put(document)
  }

  /** Writes two keys in one transaction: a read never finds the first alone, and the watch reports a change for each key. */
  #putBoth(document: unknown): void {
    const { source, log } = this.#simulation
    log.countFault('source two keys at once')
    this.#put(document)
    source.deliver({ kind: 'changed' })
    source.deliver({ kind: 'changed' })
  }

  async #disturb(fault: SourceFault, ms: number | undefined): Promise<void> {
    const { source, clock } = this.#simulation
    this.#startSourceFault(fault)
    if (ms === undefined) return
    await clock.advance(ms)
    source.heal()
  }

  #startSourceFault(fault: SourceFault): void {
    this.#simulation.log.countFault(`source ${fault}`)
    applySourceFault(fault, this.#simulation)
  }

  async #restart(): Promise<void> {
    await this.close()
    this.#simulation.log.countFault('process restart')
    this.#simulation.boot()
  }

  #overlap(ms: number): void {
    const simulation = this.#simulation
    simulation.log.countFault('process overlap')
    simulation.boot()
    simulation.retireOutgoing(ms)
  }

  /** Closes the running reloader, and waits as long as that may take. */
  async close(): Promise<void> {
    const { service, clock, log } = this.#simulation
    if (service === undefined || service.process.isDead) return
    let isClosed = false
    void service.close().then(() => {
      isClosed = true
    })
    for (let waited = 0; !isClosed && !service.process.isDead && waited < MAX_CLOSE_MS; waited += 1_000) {
      await clock.advance(1_000)
    }
    if (!isClosed && !service.process.isDead) log.breach('G18', 'close() does not end')
    service.noteClosed()
  }

  /** Waits for the processes before the newest one: each is closed at once. */
  async closeOutgoing(): Promise<void> {
    const { outgoing, clock, log } = this.#simulation
    this.#simulation.retireOutgoing(0)
    for (let waited = 0; outgoing.size > 0 && waited < MAX_CLOSE_MS; waited += 1_000) await clock.advance(1_000)
    if (outgoing.size > 0) log.breach('G18', 'close() of the process before does not end')
  }
}

/** Describes a step for the trace. */
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
    case 'clock':
      return `the clock is set ${step.ms < 0 ? 'back' : 'forward'} by ${Math.abs(step.ms)} ms`
    case 'reorder':
      return 'put the last document with its keys in another order'
    case 'refresh':
      return `a file is rotated; refresh ${step.module ?? 'all modules'}`
    case 'outage':
      return `${step.module}.${step.phase} fails${step.ms === undefined ? '' : ` for ${step.ms} ms`}`
    case 'overlap':
      return `a new process starts; the one before is closed ${step.ms} ms later`
    case 'force':
      return 'a file is rotated; reload, forced'
    default:
      return step.do
  }
}
