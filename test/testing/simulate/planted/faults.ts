import { blindSpotFaults } from './blind-spot-faults.ts'
import { edit, fault, type PlantedFault } from './planted-fault.ts'

/** In the serving store: the commit and its rollback. */
const storeFaults = [
  fault(
    'rollback-order',
    'a rollback runs in the order of the commits instead of the reverse order',
    edit('src/modules/serving-store.ts', 'of [...switches].reverse()) {', 'of switches) {'),
  ),
  fault(
    'thrower-excluded',
    'the module whose commit threw half-way is not rolled back',
    edit('src/modules/serving-store.ts', 'switches.slice(0, index + 1)', 'switches.slice(0, index)'),
  ),
  fault(
    'config-before-commit',
    'the new config is visible before the modules are committed',
    edit(
      'src/modules/serving-store.ts',
      '    for (const [index, { slot, to }] of switches.entries()) {',
      '    this.#show(snapshot.config)\n    for (const [index, { slot, to }] of switches.entries()) {',
    ),
  ),
  fault(
    'half-commit',
    'one module keeps its old instance while the others have the new ones',
    edit('src/modules/serving-store.ts', 'for (const one of switches) {', 'for (const one of switches.slice(0, 2)) {'),
  ),
  fault(
    'half-rollback',
    'after a failed soak every instance is rolled back, but not the config',
    edit(
      'src/modules/serving-store.ts',
      "    this.#point(switches, 'from')\n    this.#serve(previous)",
      "    this.#point(switches, 'from')\n    this.#view = previous",
    ),
  ),
]

/** In `apply`: prepares, closes, leases, compensating modules. */
const applyFaults = [
  fault(
    'late-generation-lost',
    'a generation that arrives after its deadline is never closed',
    edit('src/apply/prepare-call.ts', 'else void this.#retirer.retire([record])', 'else record.release()'),
  ),
  fault(
    'dependency-order-ignored',
    'all modules prepare at once, whatever they depend on',
    edit(
      'src/apply/preparation.ts',
      '({ after }) => after,\n      ({ name }) => {\n        const step = work.plan.get(name)',
      '() => [],\n      ({ name }) => {\n        const step = work.plan.get(name)',
    ),
  ),
  fault(
    'needs-from-the-old',
    'a module is prepared with the serving instance of a module that changes, instead of the new one',
    edit(
      'src/apply/preparation.ts',
      'plan.has(name) ? this.#staged.get(name) : store.slot(name).serving',
      'store.slot(name).serving ?? this.#staged.get(name)',
    ),
  ),
  fault(
    'closed-before-the-soak',
    'a replaced generation is closed right after the commit',
    edit(
      'src/engine/transaction-executor.ts',
      '    transaction.noteCommitted(result.commit, endMs)\n',
      '    transaction.noteCommitted(result.commit, endMs)\n    this.#deps.phases.retireLeftovers(transaction)\n',
    ),
  ),
  fault(
    'retire-skipped',
    'a replaced generation is never closed',
    edit('src/apply/phases.ts', '    void this.#retirer.retire(replaced, timings)\n', '    void replaced\n'),
  ),
  fault(
    'staged-leak',
    'the prepared generations of a transaction that failed are never closed',
    edit('src/apply/phases.ts', '      void this.#retirer.retire([...staged.values()], timings)\n', ''),
  ),
  fault(
    'double-close',
    'a close that fails is called again',
    edit(
      'src/apply/retirer.ts',
      '    slot.lastClose = end?.(ended.kind) ?? slot.lastClose\n',
      "    if (ended.kind === 'failed') void (async () => record.generation.close?.())().catch(() => {})\n    slot.lastClose = end?.(ended.kind) ?? slot.lastClose\n",
    ),
  ),
  fault(
    'degraded-not-named',
    'a module whose rollback or undo failed is not named as degraded',
    edit(
      'src/engine/transaction-executor.ts',
      'return [...new Set([...transaction.rollbackFailures, ...undoFailures.map(({ module }) => module)])]',
      'return []',
    ),
  ),
  fault(
    'undo-skipped',
    'the compensating module that failed is not undone',
    edit(
      'src/apply/completion.ts',
      "          applied.push(step)\n          const failed = await this.#call(work, step, 'forward')\n",
      "          const failed = await this.#call(work, step, 'forward')\n          if (failed === undefined) applied.push(step)\n",
    ),
  ),
  fault(
    'check-ignored',
    'a check that rejects counts as passed',
    edit(
      'src/apply/soak.ts',
      "return failure(place.module === undefined ? 'health.failed' : 'module.check-failed', at, ended.error)",
      'return undefined',
    ),
  ),
]

/** In the machines: what runs when, and what is kept for later. */
const machineFaults = [
  fault(
    'compaction-is-the-end',
    'a watch that was compacted is never opened again',
    edit('machines/watch/machine.ts', 'compacted: readThenFollow,', 'compacted: {},'),
  ),
  fault(
    'newest-dropped',
    'of the documents that arrive during a transaction, the first is kept instead of the newest',
    edit(
      'machines/reload/setup.ts',
      'waiting: { ...context.waiting, candidate: candidateOf(event) },',
      'waiting: { ...context.waiting, candidate: context.waiting.candidate ?? candidateOf(event) },',
    ),
  ),
  fault(
    'frozen-change-dropped',
    'of the documents of a storm or a freeze, the first is passed on instead of the newest',
    edit('machines/admission/machine.ts', "actions: ['noteNewest', 'noteWaiting'] }", "actions: 'noteWaiting' }"),
  ),
  fault(
    'waiting-forgotten',
    'a document that arrives during a soak is forgotten when the soak ends',
    edit(
      'machines/reload/machine.ts',
      "        { guard: 'documentWaits', target: 'validating', actions: 'beginWaiting' },\n",
      '',
    ),
  ),
  fault(
    'soak-skipped',
    'a transaction ends at its commit, without a soak',
    edit(
      'machines/reload/guards.ts',
      "context.soaks && context.trigger !== 'restore',",
      "context.soaks && context.trigger === 'start',",
    ),
  ),
  fault(
    'freeze-leaks',
    'changes pass although they are frozen',
    edit(
      'machines/admission/machine.ts',
      "      frozen: {\n        on: {\n          'source.changed': gather,",
      "      frozen: {\n        on: {\n          'source.changed': { actions: pass },",
    ),
  ),
  fault(
    'freeze-lets-run',
    'a freeze does not stop the change that is being prepared',
    edit(
      'machines/reload/setup.ts',
      'candidate: undefined,\n        trial: undefined,\n        read: false,\n        secret: false,\n',
      'trial: undefined,\n        read: false,\n',
    ),
  ),
  fault(
    'confirm-optional',
    'a change is kept without a confirmation',
    edit('machines/reload/guards.ts', 'mustBeConfirmed(context) && !context.isConfirmed', 'false'),
  ),
]

/** In revisions, failures, restarts, and for listeners. */
const otherFaults = [
  fault(
    'revision-goes-back',
    'an older document counts as a newer one',
    edit('src/model/revision.ts', 'revision.order > seen.order && ', ''),
    edit(
      'machines/admission/machine.ts',
      'return isOlder ? {} : { newest: event.candidate }',
      'return isOlder ? { newest: event.candidate } : { newest: event.candidate }',
    ),
  ),
  fault(
    'quarantine-forgotten',
    'a config that failed is tried again at each redelivery',
    edit(
      'src/validation/validation.ts',
      'safety.quarantine.blocks(() => (isRefresh ?',
      "safety.quarantine.blocks(() => (snapshot !== undefined ? '' : isRefresh ?",
    ),
  ),
  fault(
    'promoted-before-the-soak',
    'a config is stored as the last known good before its soak',
    edit(
      'src/engine/transaction-executor.ts',
      '    transaction.noteCommitted(result.commit, endMs)\n',
      '    transaction.noteCommitted(result.commit, endMs)\n    void this.promote()\n',
    ),
  ),
  fault(
    'never-promoted',
    'a config that has soaked is not stored as the last known good',
    edit(
      'src/engine/transaction-executor.ts',
      'if (snapshot !== undefined) await this.#deps.safety.promote(snapshot)',
      'void snapshot',
    ),
  ),
  fault(
    'attempt-not-written',
    'an attempt is not recorded in the journal, so that a crash in it does not count',
    edit(
      'machines/reload/guards.ts',
      "return context.persists && verdict?.kind === 'valid' && verdict.isAttempt === true",
      "return context.persists && verdict?.kind === 'valid' && verdict.isAttempt === undefined",
    ),
  ),
  fault(
    'listener-throws',
    'a listener that throws breaks the transaction',
    edit(
      'src/transaction/subscriptions.ts',
      '      } catch (error) {\n        this.#reportError(error)\n',
      '      } catch (error) {\n        this.#reportError(error)\n        throw error\n',
    ),
  ),
  fault(
    'logger-throws',
    'a logger that throws breaks the machine',
    edit(
      'src/settings/settings.ts',
      '        // There is nowhere left to report it.\n',
      "        throw new Error('logger')\n",
    ),
  ),
  fault(
    'sync-throw-unguarded',
    'a prepare that throws before its first await breaks the whole preparation',
    edit(
      'src/async/deadline.ts',
      "    } catch (error) {\n      this.#settle({ kind: 'error', error })\n      return this.#ended\n    }",
      '    } catch (error) {\n      queueMicrotask(() => Promise.reject(error))\n      return this.#ended\n    }',
    ),
  ),
  fault(
    'foreign-message-shown',
    'the message of a foreign error, which may contain a password, gets into logs and records',
    edit(
      'src/model/failure.ts',
      '    message: `${what}${describePlace(place, because)}`,',
      "    message: `${what}${describePlace(place, because)}${cause instanceof Error ? `: ${cause.message}` : ''}`,",
    ),
  ),
  fault(
    'record-twice',
    'a transaction has two terminal records',
    edit(
      'src/transaction/transaction-recorder.ts',
      '    this.#counters[outcome] += 1\n    this.#log(record)\n',
      '    this.#counters[outcome] += 1\n    this.#log(record)\n    if (record.failures !== undefined) this.#log(record)\n',
    ),
  ),
  fault(
    'reload-unanswered',
    'a reload() that finds nothing new never settles',
    edit(
      'src/reloader/pending-calls.ts',
      'if (call.epoch !== record.epoch) continue',
      "if (call.epoch !== record.epoch || record.outcome === 'unchanged') continue",
    ),
  ),
]

/** In retries, clocks, key order, refreshes and confirmations. */
const fieldFaults = [
  fault(
    'held-for-ever',
    'a config that failed because a server could not be reached is never tried again by itself',
    edit('src/safety/quarantine.ts', '...(isLasting ? {} :', '...(isLasting || cause?.code !== undefined ? {} :'),
  ),
  fault(
    'entry-outlives-others',
    'a config stays quarantined although another document has committed',
    edit(
      'src/safety/safety.ts',
      'const isCleared = isNewest && this.#clearOthers(transaction)',
      'const isCleared = isNewest && !isNewest && this.#clearOthers(transaction)',
    ),
  ),
  fault(
    'stored-time-trusted',
    'a quarantine that was stored before the clock was set back lasts as long as the clock was wrong',
    edit(
      'src/safety/quarantine.ts',
      'Math.max(0, Math.min(until - now, until - since, mostMs))',
      'Math.max(0, until - now, mostMs - mostMs)',
    ),
  ),
  fault(
    'order-ignored',
    'a document whose keys are reordered counts as unchanged',
    edit(
      'src/model/data/plain.ts',
      'if (copy === undefined && old !== noMembers && count === oldKeys.length) return old',
      'if (count === oldKeys.length && oldKeys.every((key) => (copy ?? old)[key] === old[key])) return old',
    ),
  ),
  fault(
    'refresh-does-nothing',
    'a refresh prepares no module whose slice is equal',
    edit(
      'src/transaction/plan.ts',
      "const isForced = forces === 'all' ? { has: () => true } : new Set(forces)",
      'const isForced = new Set(forces.length === 0 ? forces : [])',
    ),
  ),
  fault(
    'refresh-lost',
    'a refresh that is asked for while another one runs is lost',
    edit('src/engine/refresh-requests.ts', 'this.#settled = requests', 'this.#settled = this.#requests'),
  ),
  fault(
    'newer-awaits-confirmation',
    'a newer document waits for the confirmation of the one before it',
    edit(
      'machines/reload/applying.ts',
      "always: [close, { guard: 'newerWaits', ...supersede }, {",
      'always: [close, {',
    ),
  ),
  fault(
    'permanent-retried',
    'a config that a module has declared at fault is tried again and again',
    edit('src/safety/lasting.ts', 'return isPermanent(unsafeCause(failed))', 'return isPermanent(failed)'),
  ),
]

/** Every planted fault, each in one copy of the sources. */
export const plantedFaults: readonly PlantedFault[] = [
  ...storeFaults,
  ...applyFaults,
  ...machineFaults,
  ...otherFaults,
  ...fieldFaults,
  ...blindSpotFaults,
]
