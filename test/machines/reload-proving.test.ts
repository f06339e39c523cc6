import { describe, expect, it } from 'vitest'
import { revision } from './reload-moves.ts'
import { type ReloadStory, tellReload } from './reload-story.ts'

const calledBy = ({ asked }: ReloadStory) => asked.map(({ src }) => src)

describe('An attempt that the reload machine notes before it begins', () => {
  const noting = () => tellReload({ persists: true }).serve(1).change(2).validateAttempt()

  it('is noted before the first module is called', () => {
    const story = noting()
    expect(story.state).toBe('applying.journaling')
    expect(story.inputOf('journalAttempt')).toEqual({ epoch: 2 })
    expect(calledBy(story).slice(-2)).toEqual(['validateDocument', 'journalAttempt'])
    expect(story.note().state).toBe('applying.preparing')
  })

  it('is not noted without a store, nor where the document has proved itself', () => {
    expect(tellReload().change(1).validateAttempt().state).toBe('applying.preparing')
    expect(tellReload({ persists: true }).change(1).validate().state).toBe('applying.preparing')
  })

  it('goes on where it could not be noted: a full disk must not stop a change', () => {
    expect(noting().note('failed').state).toBe('applying.preparing')
    const story = noting().breakActor('journalAttempt')
    expect([story.state, story.broken]).toEqual(['applying.preparing', 1])
  })

  it('may be taken over by a newer document: no module has been called', () => {
    const story = noting().change(3)
    expect(story.state).toBe('applying.journaling')
    expect(story.note().state).toBe('validating')
    expect(story.inputOf('validateDocument')).toMatchObject({ epoch: 2, candidate: { revision: revision(3) } })
    story.validateAttempt().note().prepare().commit().promote()
    expect(story.records).toEqual(['1 committed', '2 committed'])
  })

  it('is taken over three times at most, those while it was validated included', () => {
    const story = noting()
    for (const order of [3, 4, 5]) story.change(order).note().validateAttempt()
    expect(story.change(6).note().state).toBe('applying.preparing')
    expect(story.context.candidate?.revision).toEqual(revision(5))
  })

  it('is not taken over where it is a repair of what serves', () => {
    const story = tellReload({ persists: true }).serve(1).degrade(2).elapseBackoff().validateAttempt().change(3)
    expect(story.note().state).toBe('applying.preparing')
  })
})

describe('The promotion of what has held', () => {
  const promoting = () => tellReload({ persists: true }).serve(1).change(2).validate().prepare().commit()

  it('comes before the record: a commit that is told is on disk', () => {
    const story = promoting()
    expect(story.state).toBe('applying.promoting')
    expect(story.records).toEqual(['1 committed'])
    expect(story.promote().records).toEqual(['1 committed', '2 committed'])
  })

  it('comes after the soak, after compensating modules, and only where a store is given', () => {
    const story = tellReload({ soaks: true, persists: true }).change(1).validate('valid', true).prepare().commit()
    expect(story.complete().state).toBe('applying.soaking')
    expect(story.soak().state).toBe('applying.promoting')
    expect(calledBy(tellReload({ soaks: true }).serve(1))).not.toContain('promoteSnapshot')
  })

  it('still commits where it fails', () => {
    expect(promoting().promote('failed').records.at(-1)).toBe('2 committed')
    const story = promoting().breakActor('promoteSnapshot')
    expect([story.state, story.broken, story.records.at(-1)]).toEqual(['resting.committed', 1, '2 committed'])
  })

  it('is not stopped by what comes meanwhile: that waits', () => {
    const story = promoting().change(3, { isLastKnownGood: true }).requestReload().freeze().requestRevert().confirm()
    expect(story.state).toBe('applying.promoting')
    expect(story.promote().context.trigger).toBe('revert')
    expect(story.records.at(-1)).toBe('2 committed')
  })

  it('does not come for what was not proved', () => {
    const story = tellReload({ soaks: true, persists: true }).change(1).validate().prepare().commit().soak('failed')
    expect(story.state).toBe('resting.degraded')
    expect(calledBy(story)).not.toContain('promoteSnapshot')
    story.elapseBackoff().validate().prepare().commit()
    expect(story.soak().state).toBe('applying.promoting')
  })
})

describe('A change that somebody has to confirm', () => {
  const begun = (more = {}) =>
    tellReload({ confirms: true, ...more })
      .serve(1)
      .change(2)
  const waiting = (more = {}) => begun(more).validate().prepare().commit()

  it('waits for a word after the tick, with the modules checked meanwhile, and holds with it', () => {
    const story = waiting()
    expect(story.state).toBe('applying.confirming')
    expect(story.inputOf('checkModules')).toEqual({ epoch: 2 })
    expect(story.records).toEqual(['1 committed'])
    expect(story.confirm().state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed', '2 committed'])
  })

  it('waits after the soak, and is promoted only with the word', () => {
    const story = tellReload({ confirms: true, soaks: true, persists: true }).serve(1).change(2)
    story.validate('valid', true).prepare().commit().complete()
    expect(story.soak().state).toBe('applying.confirming')
    expect(story.confirm().state).toBe('applying.promoting')
    expect(story.promote().state).toBe('resting.committed')
  })

  it('need not wait where the word came in the soak', () => {
    const story = tellReload({ confirms: true, soaks: true }).serve(1).change(2).validate().prepare().commit()
    expect(story.confirm().state).toBe('applying.soaking')
    expect(story.soak().state).toBe('resting.committed')
  })

  it('is swapped back where its soak fails, whatever somebody has said', () => {
    const story = tellReload({ confirms: true, soaks: true }).serve(1).change(2).validate().prepare().commit()
    expect(story.confirm().soak('failed').rollBack().records.at(-1)).toBe('2 rolled-back')
  })

  it('is swapped back at the deadline, and says that nobody confirmed', () => {
    const story = waiting().elapseConfirm()
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'failed' })
    expect(story.unconfirmed).toBe(1)
    expect(story.rollBack([], 'released').records.at(-1)).toBe('2 rolled-back')
    expect(story.context.untried?.candidate.revision).toEqual(revision(2))
  })

  it('is swapped back where a check fails while it waits', () => {
    const story = waiting().check('failed')
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'failed' })
    expect(story.unconfirmed).toBe(0)
  })

  it('takes no word that comes too late: never both', () => {
    for (const story of [waiting().elapseConfirm(), waiting().check('failed')]) {
      expect(story.confirm().state).toBe('rolling-back')
      expect(story.rollBack().confirm().records).toEqual(['1 committed', '2 rolled-back'])
    }
  })

  it('takes no word for the next transaction from the one before', () => {
    const soaking = tellReload({ confirms: true, soaks: true }).serve(1).change(2).validate().prepare().commit()
    const story = soaking.confirm().soak().change(3).validate().prepare().commit().soak()
    expect(story.state).toBe('applying.confirming')
    expect(begun().confirm().validate().prepare().commit().state).toBe('applying.confirming')
  })

  it('takes no word for a document that has taken the place of the one it was said of', () => {
    const story = begun({ persists: true }).validateAttempt().confirm().change(3).note()
    expect(story.state).toBe('validating')
    expect(story.validate().prepare().commit().state).toBe('applying.confirming')
  })

  it('lets newer documents wait', () => {
    const story = waiting().change(3).change(4)
    expect(story.state).toBe('applying.confirming')
    expect(story.confirm().context.candidate?.revision).toEqual(revision(4))
  })

  it('ends by swapping back where the last known good document returns', () => {
    const story = waiting().change(3, { isLastKnownGood: true })
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'superseded' })
    expect(story.unconfirmed).toBe(0)
  })

  it('is given up by a close, and nobody is told that its time was over', () => {
    const story = waiting().requestClose()
    expect([story.state, story.records.at(-1), story.unconfirmed]).toEqual(['closing', '2 aborted', 0])
  })

  it('is a change, a reload or a retry, but not what has proved itself nor the first of all', () => {
    const first = tellReload({ confirms: true }).change(1).validate().prepare().commit()
    expect(first.state).toBe('resting.committed')
    const reload = tellReload({ confirms: true }).serve(1).requestReload().read(2).validate().prepare().commit()
    expect(reload.state).toBe('applying.confirming')
    const retry = tellReload({ confirms: true }).serve(1).change(2).quarantine().requestRetry()
    expect(retry.validate().prepare().commit().state).toBe('applying.confirming')
    const repair = tellReload({ confirms: true }).serve(1).degrade(2).elapseBackoff().validate().prepare().commit()
    expect(repair.state).toBe('resting.committed')
  })

  it('is a document too that a repair tries once its module has settled', () => {
    const story = begun().validate().prepare('failed').rollBack([], 'settled').settleModule()
    expect(story.validate().prepare().commit().state).toBe('applying.confirming')
  })
})
