import { describe, expect, it } from 'vitest'
import { revision } from './walk/moves.ts'
import { startReload } from './reload-story.ts'

describe('The journal of an attempt in the reload machine', () => {
  const noting = () => startReload({ persists: true }).serve(1).change(2).validateAttempt()

  it('is written before the first module is called', () => {
    const story = noting()
    expect(story.state).toBe('applying.journaling')
    expect(story.inputOf('journalAttempt')).toEqual({ epoch: 2 })
    expect(story.called.slice(-2)).toEqual(['validateDocument', 'journalAttempt'])
    expect(story.journal().state).toBe('applying.preparing')
  })

  it('is not written without a store, or for a document that is known to be good', () => {
    expect(startReload().change(1).validateAttempt().state).toBe('applying.preparing')
    expect(startReload({ persists: true }).change(1).validate().state).toBe('applying.preparing')
  })

  it('does not stop the change if it fails, because a full disk must not', () => {
    expect(noting().journal('failed').state).toBe('applying.preparing')
    const story = noting().breakActor('journalAttempt')
    expect([story.state, story.broken]).toEqual(['applying.preparing', 1])
  })

  it('lets a newer document take over, because no module has been called', () => {
    const story = noting().change(3)
    expect(story.state).toBe('applying.journaling')
    expect(story.journal().state).toBe('validating')
    expect(story.inputOf('validateDocument')).toMatchObject({ epoch: 2, candidate: { revision: revision(3) } })
    story.validateAttempt().journal().prepare().commit().promote()
    expect(story.records).toEqual(['1 committed', '2 committed'])
  })

  it('lets newer documents take over three times at most, including those during the validation', () => {
    const story = noting()
    for (const order of [3, 4, 5]) story.change(order).journal().validateAttempt()
    expect(story.change(6).journal().state).toBe('applying.preparing')
    expect(story.context.candidate?.revision).toEqual(revision(5))
  })

  it('lets no document take over a repair of what serves', () => {
    const story = startReload({ persists: true })
      .serve(1)
      .degrade(2)
      .elapse('repairBackoff')
      .validateAttempt()
      .change(3)
    expect(story.journal().state).toBe('applying.preparing')
  })
})

describe('The promotion in the reload machine', () => {
  const promoting = () => startReload({ persists: true }).serve(1).change(2).validate().prepare().commit()

  it('precedes the record, so that a reported commit is on disk', () => {
    const story = promoting()
    expect(story.state).toBe('applying.promoting')
    expect(story.records).toEqual(['1 committed'])
    expect(story.promote().records).toEqual(['1 committed', '2 committed'])
  })

  it('follows the soak and the compensating modules, and only if a store is configured', () => {
    const story = startReload({ soaks: true, persists: true }).change(1).validate('valid', true).prepare().commit()
    expect(story.complete().state).toBe('applying.soaking')
    expect(story.soak().state).toBe('applying.promoting')
    expect(startReload({ soaks: true }).serve(1).called).not.toContain('promoteSnapshot')
  })

  it('still commits if it fails', () => {
    expect(promoting().promote('failed').records.at(-1)).toBe('2 committed')
    const story = promoting().breakActor('promoteSnapshot')
    expect([story.state, story.broken, story.records.at(-1)]).toEqual(['resting.committed', 1, '2 committed'])
  })

  it('is not stopped by anything that arrives during it, which is queued', () => {
    const story = promoting().change(3, { isLastKnownGood: true }).requestReload().freeze().requestRevert().confirm()
    expect(story.state).toBe('applying.promoting')
    expect(story.promote().context.trigger).toBe('revert')
    expect(story.records.at(-1)).toBe('2 committed')
  })

  it('does not happen for a config that failed its soak', () => {
    const story = startReload({ soaks: true, persists: true }).change(1).validate().prepare().commit().soak('failed')
    expect(story.state).toBe('resting.degraded')
    expect(story.called).not.toContain('promoteSnapshot')
    story.elapse('repairBackoff').validate().prepare().commit()
    expect(story.soak().state).toBe('applying.promoting')
  })
})

describe('A change that must be confirmed', () => {
  const begun = (more = {}) =>
    startReload({ confirms: true, ...more })
      .serve(1)
      .change(2)
  const waiting = (more = {}) => begun(more).validate().prepare().commit()

  it('waits for the confirmation after the commit, with checks running, and commits with it', () => {
    const story = waiting()
    expect(story.state).toBe('applying.confirming')
    expect(story.inputOf('checkModules')).toEqual({ epoch: 2 })
    expect(story.records).toEqual(['1 committed'])
    expect(story.confirm().state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed', '2 committed'])
  })

  it('waits after the soak, and is promoted only after the confirmation', () => {
    const story = startReload({ confirms: true, soaks: true, persists: true }).serve(1).change(2)
    story.validate('valid', true).prepare().commit().complete()
    expect(story.soak().state).toBe('applying.confirming')
    expect(story.confirm().state).toBe('applying.promoting')
    expect(story.promote().state).toBe('resting.committed')
  })

  it('does not wait if the confirmation arrived during the soak', () => {
    const story = startReload({ confirms: true, soaks: true }).serve(1).change(2).validate().prepare().commit()
    expect(story.confirm().state).toBe('applying.soaking')
    expect(story.soak().state).toBe('resting.committed')
  })

  it('is rolled back if its soak fails, even if it was confirmed', () => {
    const story = startReload({ confirms: true, soaks: true }).serve(1).change(2).validate().prepare().commit()
    expect(story.confirm().soak('failed').rollBack().records.at(-1)).toBe('2 rolled-back')
  })

  it('is rolled back at the deadline, and the missing confirmation is reported', () => {
    const story = waiting().elapse('confirmDeadline')
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'failed' })
    expect(story.unconfirmed).toBe(1)
    expect(story.rollBack([], 'released').records.at(-1)).toBe('2 rolled-back')
    expect(story.context.untried?.candidate.revision).toEqual(revision(2))
  })

  it('is rolled back if a check fails while it waits', () => {
    const story = waiting().failCheck()
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'failed' })
    expect(story.unconfirmed).toBe(0)
  })

  it('cannot be confirmed once it is being rolled back', () => {
    for (const story of [waiting().elapse('confirmDeadline'), waiting().failCheck()]) {
      expect(story.confirm().state).toBe('rolling-back')
      expect(story.rollBack().confirm().records).toEqual(['1 committed', '2 rolled-back'])
    }
  })

  it('cannot be confirmed by a confirmation of the previous transaction', () => {
    const soaking = startReload({ confirms: true, soaks: true }).serve(1).change(2).validate().prepare().commit()
    const story = soaking.confirm().soak().change(3).validate().prepare().commit().soak()
    expect(story.state).toBe('applying.confirming')
    expect(begun().confirm().validate().prepare().commit().state).toBe('applying.confirming')
  })

  it('cannot be confirmed by a confirmation of the document that it has replaced', () => {
    const story = begun({ persists: true }).validateAttempt().confirm().change(3).journal()
    expect(story.state).toBe('validating')
    expect(story.validate().prepare().commit().state).toBe('applying.confirming')
  })

  it('is superseded by a newer document, which is then tried', () => {
    const story = waiting().change(3)
    expect(story.state).toBe('rolling-back')
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'superseded' })
    expect(story.change(4).rollBack().records.at(-1)).toBe('2 superseded')
    expect(story.context.candidate?.revision).toEqual(revision(4))
    expect(story.unconfirmed).toBe(0)
  })

  it('is superseded at once by a document that was queued before', () => {
    const story = startReload({ soaks: true, confirms: true }).serve(1).change(2).validate().prepare().commit()
    expect(story.change(3).state).toBe('applying.soaking')
    expect(story.soak().state).toBe('rolling-back')
  })

  it('keeps a newer document queued that would be rejected', () => {
    const story = waiting().change(3, { cannotServe: true })
    expect(story.state).toBe('applying.confirming')
    expect(story.confirm().context.candidate?.revision).toEqual(revision(3))
  })

  it('ends with a rollback if the last known good returns', () => {
    const story = waiting().change(3, { isLastKnownGood: true })
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'superseded' })
    expect(story.unconfirmed).toBe(0)
  })

  it('is aborted by a close, without a report that its deadline passed', () => {
    const story = waiting().close()
    expect([story.state, story.records.at(-1), story.unconfirmed]).toEqual(['closing', '2 aborted', 0])
  })

  it('includes a reload and a retry, but not a plain repair or the first config', () => {
    const first = startReload({ confirms: true }).change(1).validate().prepare().commit()
    expect(first.state).toBe('resting.committed')
    const reload = startReload({ confirms: true }).serve(1).requestReload().read(2).validate().prepare().commit()
    expect(reload.state).toBe('applying.confirming')
    const retry = startReload({ confirms: true }).serve(1).change(2).quarantine().requestRetry()
    expect(retry.validate().prepare().commit().state).toBe('applying.confirming')
    const repair = startReload({ confirms: true })
      .serve(1)
      .degrade(2)
      .elapse('repairBackoff')
      .validate()
      .prepare()
      .commit()
    expect(repair.state).toBe('resting.committed')
  })

  it('includes a repair that tries a document once its module has settled', () => {
    const story = begun().validate().prepare('failed').rollBack([], 'settled').settleModule()
    expect(story.validate().prepare().commit().state).toBe('applying.confirming')
  })
})
