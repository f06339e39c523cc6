import { edit, fault } from './planted-fault.ts'

/** In processes side by side, events during reads, later orders, several degraded modules, and what a close leaves behind. */
export const blindSpotFaults = [
  fault(
    'living-owner-died',
    'the attempt of a process that lives counts as a death',
    edit(
      'src/safety/crash-guard.ts',
      "const state = isOpen && owner !== undefined ? stateOf(owner) : 'dead'",
      "const state = isOpen && owner !== undefined && stateOf(owner) === 'unknown' ? 'unknown' : 'dead'",
    ),
  ),
  fault(
    'living-slot-taken',
    'a process that starts takes over the files of one that lives',
    edit(
      'src/persistence/sharing/slot-claim.ts',
      "decoded.kind !== 'valid' || stateOf(decoded.value) === 'dead'",
      "decoded.kind !== 'valid' || stateOf(decoded.value) !== 'unknown'",
    ),
  ),
  fault(
    'goods-of-others-ignored',
    'a process that starts beside another one does not find its last known good',
    edit('src/persistence/persistence.ts', ', ...others.flatMap(({ goods }) => goods)]', ']'),
  ),
  fault(
    'adopted-not-stored',
    'what processes that have ended left is removed before it is stored anew',
    edit(
      'src/safety/safety.ts',
      'if (hasAdopted && (await persistence.saveGoods(this.goodHistory.goods))) await',
      'if (hasAdopted) await',
    ),
  ),
  fault(
    'freeze-not-stored',
    'a freeze is not stored, so that the next process follows the source',
    edit('src/safety/safety.ts', '    this.#frozen = frozen\n    await this.#save()', '    this.#frozen = frozen'),
  ),
  fault(
    'change-lost-in-read',
    'a change that the watch announces during a read is lost',
    edit(
      'machines/watch/machine.ts',
      "            'watch.changed': { actions: 'queueRead' },\n",
      "            'watch.changed': {},\n",
    ),
  ),
  fault(
    'document-lost-in-read',
    'a document that the watch reports during a read is lost',
    edit(
      'machines/watch/machine.ts',
      "                { guard: 'isForeign', actions: 'queueRead' },\n                { guard: 'isNewer', actions: deliver },\n",
      "                { guard: 'isForeign', actions: 'queueRead' },\n                { guard: 'isNewer' },\n",
    ),
  ),
  fault(
    'reload-forgets-newer',
    'a reload() drops the newer document that was reported while it read an older one',
    edit(
      'machines/reload/setup.ts',
      'if (queued !== undefined && !isForked && isNewer(queued.revision, candidate.revision)) {',
      'if (queued !== undefined && !isForked && queued === candidate) {',
    ),
  ),
  fault(
    'later-order-is-a-change',
    'the same document at a later order counts as a change',
    edit('src/model/revision.ts', ' && revision.name !== seen.name\n', '\n'),
  ),
  fault(
    'degraded-forgotten',
    'a module that is degraded is forgotten when another one becomes degraded',
    edit(
      'machines/reload/setup.ts',
      '[...new Set([...context.degraded, ...names])]',
      'names.length > 0 ? names : context.degraded',
    ),
  ),
  fault(
    'never-repaired',
    'degraded modules are not repaired by themselves',
    edit(
      'machines/reload/machine.ts',
      "after: { repairBackoff: { target: '#reload.validating', actions: 'beginRepair' } },",
      'after: {},',
    ),
  ),
  fault(
    'repair-skips-equal',
    'a repair does not call a degraded module whose slice is equal',
    edit('src/transaction/plan.ts', "  if (isDegraded) return 'repair'\n", ''),
  ),
  fault(
    'proved-yet-quarantined',
    'a config that has failed before stays quarantined although it has passed its soak',
    edit('src/safety/safety.ts', '    this.quarantine.clear(snapshot.digest)\n', ''),
  ),
  fault(
    'timer-after-close',
    'close() leaves the timer of a quarantine armed',
    edit(
      'src/safety/safety.ts',
      '  async close(): Promise<void> {\n    this.quarantine.expect(undefined)\n',
      '  async close(): Promise<void> {\n',
    ),
  ),
  fault(
    'watch-left-open',
    'a watch of the source is never ended',
    edit('src/intake/source-watcher.ts', 'return () => controller.abort()', 'return () => {}'),
  ),
  fault(
    'clean-up-skipped',
    'what a prepare has deferred is not cleaned up when it fails',
    edit(
      'src/apply/preparation.ts',
      "        this.#fail(failure('module.prepare-failed', place, result.error))\n        return call.cleanUp()",
      "        this.#fail(failure('module.prepare-failed', place, result.error))\n        return",
    ),
  ),
  fault(
    'late-close-not-counted',
    'a generation whose close ends late is counted as a leak for ever',
    edit('src/apply/retirer.ts', '        slot.leaked -= 1\n        slot.closed += 1\n', ''),
  ),
]
