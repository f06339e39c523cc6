import { describe, expect, it } from 'vitest'
import { revision } from './walk/moves.ts'
import { type ReloadStory, startReload } from './reload-story.ts'

const all = { soaks: true, confirms: true, persists: true }
describe('A restore of the reload machine', () => {
  it('serves the last known good without a soak, a confirmation or a promotion, because it was good before', () => {
    const story = startReload(all).requestRestore()
    expect(story.inputOf('validateDocument')).toMatchObject({
      trigger: 'restore',
      candidate: { revision: revision(0) },
    })
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
    expect(story.finished).toEqual([{ epoch: 1, trigger: 'restore', outcome: 'committed' }])
    expect(story.called).toEqual(['validateDocument', 'prepareModules', 'commitModules'])
    expect(story.context).toMatchObject({ hasServed: true, seen: undefined })
  })

  it('completes compensating modules', () => {
    const story = startReload(all).requestRestore().validate('valid', true).prepare().commit()
    expect(story.state).toBe('applying.completing')
    expect(story.complete().state).toBe('resting.committed')
  })

  for (const [phase, proceed, finish] of [
    ['validated', (story: ReloadStory) => story, (story: ReloadStory) => story.validate().prepare().commit()],
    [
      'noted',
      (story: ReloadStory) => story.validateAttempt(),
      (story: ReloadStory) => story.journal().prepare().commit(),
    ],
    ['prepared', (story: ReloadStory) => story.validate(), (story: ReloadStory) => story.prepare().commit()],
  ] as const) {
    it(`is neither replaced nor superseded while it is ${phase}, and the source follows`, () => {
      const story = proceed(startReload(all).requestRestore())
      const { state } = story
      expect(story.change(5).state).toBe(state)
      finish(story)
      expect(story.records).toEqual(['1 committed'])
      expect(story.inputOf('validateDocument')).toMatchObject({
        trigger: 'change',
        candidate: { revision: revision(5) },
      })
    })
  }

  it('is followed by a document that must pass everything that is configured', () => {
    const story = startReload(all).requestRestore().validate().prepare().commit()
    story.change(5).validateAttempt().journal().prepare().commit().soak()
    expect(story.state).toBe('applying.confirming')
    expect(story.confirm().promote().state).toBe('resting.committed')
  })

  it('leaves nothing untried if it fails, because an older good document may be next', () => {
    for (const untried of ['settled', 'released'] as const) {
      const story = startReload(all).requestRestore(2).validate().prepare('failed').rollBack([], untried)
      expect(story.state).toBe('resting.rolled-back')
      expect(story.settleModule().requestRetry().state).toBe('resting.rolled-back')
      expect(story.requestRestore(1).state).toBe('validating')
    }
    expect(startReload(all).requestRestore(2).quarantine().requestRetry().state).toBe('resting.rejected')
  })

  it('is ignored once something has served, because the order never goes back (G12)', () => {
    const story = startReload().serve(5)
    expect(story.requestRestore().state).toBe('resting.committed')
  })
})

describe('A revert of the reload machine', () => {
  const soaking = () => startReload({ soaks: true }).serve(1).serve(2).change(3).validate().prepare().commit()

  it('applies an earlier good document in a normal transaction with soak and promotion', () => {
    const story = startReload({ soaks: true, persists: true }).serve(1).serve(2).requestRevert(1)
    expect(story.inputOf('validateDocument')).toMatchObject({ trigger: 'revert', candidate: { revision: revision(1) } })
    expect(story.validate().prepare().commit().state).toBe('applying.soaking')
    expect(story.soak().state).toBe('applying.promoting')
    expect(story.promote().state).toBe('resting.committed')
    expect(story.finished.at(-1)).toEqual({ epoch: 3, trigger: 'revert', outcome: 'committed' })
  })

  it('does not change what was seen of the source, so older documents stay stale', () => {
    const story = startReload().serve(1).serve(2).requestRevert(1).validate().prepare().commit()
    expect(story.context.seen).toEqual(revision(2))
    expect(story.change(2).state).toBe('resting.committed')
  })

  it('needs no confirmation, because an operator has asked for it', () => {
    const story = startReload({ confirms: true }).serve(1).serve(2).requestRevert(1).validate().prepare().commit()
    expect(story.state).toBe('resting.committed')
  })

  for (const [phase, proceed, finish] of [
    ['preparing', (story: ReloadStory) => story, (story: ReloadStory) => story.prepare().commit().complete()],
    ['committing', (story: ReloadStory) => story.prepare(), (story: ReloadStory) => story.commit().complete()],
    ['completing', (story: ReloadStory) => story.prepare().commit(), (story: ReloadStory) => story.complete()],
    ['promoting', (story: ReloadStory) => story.prepare().commit().complete(), (story: ReloadStory) => story.promote()],
    ['rolling back', (story: ReloadStory) => story.prepare('failed'), (story: ReloadStory) => story.rollBack()],
  ] as const) {
    it(`is queued during ${phase}, and runs before a queued document and a queued read`, () => {
      const persists = phase === 'promoting'
      const story = startReload({ persists }).serve(1).change(2).validate('valid', true)
      const { state } = proceed(story)
      story.requestReload().requestRevert()
      if (phase !== 'preparing') story.change(3)
      expect(story.state).toBe(state)
      finish(story)
      expect(story.inputOf('validateDocument')).toMatchObject({ epoch: 3, trigger: 'revert' })
      expect(story.context.waiting).toMatchObject({ revert: undefined, read: true })
    })
  }

  it('ends a soak with a rollback', () => {
    const story = soaking().requestRevert(1)
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 3, ending: 'superseded' })
    expect(story.rollBack().state).toBe('validating')
    expect(story.inputOf('validateDocument')).toMatchObject({ epoch: 4, trigger: 'revert' })
    expect(story.records.at(-1)).toBe('3 superseded')
  })

  it('ends a soak at once if it was requested before the soak began', () => {
    const story = startReload({ soaks: true }).serve(1).change(2).validate().prepare().requestRevert().commit()
    expect(story.state).toBe('rolling-back')
  })

  it('ends the wait for a confirmation with a rollback', () => {
    const story = startReload({ confirms: true }).serve(1).change(2).validate().prepare().commit().requestRevert()
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'superseded' })
    expect(story.unconfirmed).toBe(0)
  })

  it('waits for the end of the first soak of all, because there is nothing to return to', () => {
    const story = startReload({ soaks: true }).change(1).validate().prepare().commit().requestRevert()
    expect(story.state).toBe('applying.soaking')
    expect(story.soak().inputOf('validateDocument')).toMatchObject({ trigger: 'revert' })
  })

  it('runs only the last of several that were requested during a transaction', () => {
    const story = startReload().serve(1).change(2).validate().prepare().requestRevert(0).requestRevert(1).commit()
    expect(story.inputOf('validateDocument')).toMatchObject({ candidate: { revision: revision(1) } })
    expect(story.validate('unchanged').state).toBe('resting.committed')
  })

  it('is not replaced by a document that would then count as a revert and need no confirmation', () => {
    const story = startReload({ confirms: true }).serve(1).serve(2).requestRevert(1).change(3).validate()
    expect(story.state).toBe('applying.preparing')
    expect(story.context.candidate?.revision).toEqual(revision(1))
    story.prepare().commit().validate().prepare().commit()
    expect(story.state).toBe('applying.confirming')
  })

  it('is not tried again by itself if it fails', () => {
    for (const untried of ['settled', 'released'] as const) {
      const story = startReload().serve(1).serve(2).requestRevert(1).validate().prepare('failed').rollBack([], untried)
      expect(story.settleModule().requestRetry().state).toBe('resting.rolled-back')
    }
  })
})
