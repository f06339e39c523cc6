import { describe, expect, it } from 'vitest'
import { revision } from './reload-moves.ts'
import { type ReloadStory, tellReload } from './reload-story.ts'

const all = { soaks: true, confirms: true, persists: true }
const calledBy = ({ asked }: ReloadStory) => asked.map(({ src }) => src)

describe('A restore of the reload machine', () => {
  it('serves the last known good without a soak, a word or a promotion: it has been good before', () => {
    const story = tellReload(all).requestRestore()
    expect(story.inputOf('validateDocument')).toMatchObject({
      trigger: 'restore',
      candidate: { revision: revision(0) },
    })
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
    expect(story.concluded).toEqual([{ epoch: 1, trigger: 'restore', outcome: 'committed' }])
    expect(calledBy(story)).toEqual(['validateDocument', 'prepareModules', 'commitModules'])
    expect(story.context).toMatchObject({ hasServed: true, seen: undefined })
  })

  it('completes compensating modules', () => {
    const story = tellReload(all).requestRestore().validate('valid', true).prepare().commit()
    expect(story.state).toBe('applying.completing')
    expect(story.complete().state).toBe('resting.committed')
  })

  for (const [phase, tell, end] of [
    ['validated', (story: ReloadStory) => story, (story: ReloadStory) => story.validate().prepare().commit()],
    ['noted', (story: ReloadStory) => story.validateAttempt(), (story: ReloadStory) => story.note().prepare().commit()],
    ['prepared', (story: ReloadStory) => story.validate(), (story: ReloadStory) => story.prepare().commit()],
  ] as const) {
    it(`is neither replaced nor superseded while it is ${phase}: the source has its turn after it`, () => {
      const story = tell(tellReload(all).requestRestore())
      const { state } = story
      expect(story.change(5).state).toBe(state)
      end(story)
      expect(story.records).toEqual(['1 committed'])
      expect(story.inputOf('validateDocument')).toMatchObject({
        trigger: 'change',
        candidate: { revision: revision(5) },
      })
    })
  }

  it('is followed by a document that has to prove itself by all that is set', () => {
    const story = tellReload(all).requestRestore().validate().prepare().commit()
    story.change(5).validateAttempt().note().prepare().commit().soak()
    expect(story.state).toBe('applying.confirming')
    expect(story.confirm().promote().state).toBe('resting.committed')
  })

  it('leaves nothing to be tried again where it fails: an older good may be asked for next', () => {
    for (const untried of ['settled', 'released'] as const) {
      const story = tellReload(all).requestRestore(2).validate().prepare('failed').rollBack([], untried)
      expect(story.state).toBe('resting.rolled-back')
      expect(story.settleModule().requestRetry().state).toBe('resting.rolled-back')
      expect(story.requestRestore(1).state).toBe('validating')
    }
    expect(tellReload(all).requestRestore(2).quarantine().requestRetry().state).toBe('resting.rejected')
  })

  it('is asked for in vain once something has served: the order never goes back (G12)', () => {
    const story = tellReload().serve(5)
    expect(story.requestRestore().state).toBe('resting.committed')
  })
})

describe('A revert of the reload machine', () => {
  const soaking = () => tellReload({ soaks: true }).serve(1).serve(2).change(3).validate().prepare().commit()

  it('applies an earlier good document as a transaction like others: soaked, promoted', () => {
    const story = tellReload({ soaks: true, persists: true }).serve(1).serve(2).requestRevert(1)
    expect(story.inputOf('validateDocument')).toMatchObject({ trigger: 'revert', candidate: { revision: revision(1) } })
    expect(story.validate().prepare().commit().state).toBe('applying.soaking')
    expect(story.soak().state).toBe('applying.promoting')
    expect(story.promote().state).toBe('resting.committed')
    expect(story.concluded.at(-1)).toEqual({ epoch: 3, trigger: 'revert', outcome: 'committed' })
  })

  it('does not touch what was seen of the source: older documents stay stale', () => {
    const story = tellReload().serve(1).serve(2).requestRevert(1).validate().prepare().commit()
    expect(story.context.seen).toEqual(revision(2))
    expect(story.change(2).state).toBe('resting.committed')
  })

  it('needs nobody to confirm it: somebody has asked for it', () => {
    const story = tellReload({ confirms: true }).serve(1).serve(2).requestRevert(1).validate().prepare().commit()
    expect(story.state).toBe('resting.committed')
  })

  for (const [phase, tell, end] of [
    ['preparing', (story: ReloadStory) => story, (story: ReloadStory) => story.prepare().commit().complete()],
    ['committing', (story: ReloadStory) => story.prepare(), (story: ReloadStory) => story.commit().complete()],
    ['completing', (story: ReloadStory) => story.prepare().commit(), (story: ReloadStory) => story.complete()],
    ['promoting', (story: ReloadStory) => story.prepare().commit().complete(), (story: ReloadStory) => story.promote()],
    ['rolling back', (story: ReloadStory) => story.prepare('failed'), (story: ReloadStory) => story.rollBack()],
  ] as const) {
    it(`waits during ${phase}, and comes before a document and a read that wait`, () => {
      const persists = phase === 'promoting'
      const story = tellReload({ persists }).serve(1).change(2).validate('valid', true)
      const { state } = tell(story)
      story.requestReload().requestRevert()
      if (phase !== 'preparing') story.change(3)
      expect(story.state).toBe(state)
      end(story)
      expect(story.inputOf('validateDocument')).toMatchObject({ epoch: 3, trigger: 'revert' })
      expect(story.context.waiting).toMatchObject({ revert: undefined, read: true })
    })
  }

  it('ends a soak by swapping back', () => {
    const story = soaking().requestRevert(1)
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 3, ending: 'superseded' })
    expect(story.rollBack().state).toBe('validating')
    expect(story.inputOf('validateDocument')).toMatchObject({ epoch: 4, trigger: 'revert' })
    expect(story.records.at(-1)).toBe('3 superseded')
  })

  it('ends a soak at once where it was asked for before that began', () => {
    const story = tellReload({ soaks: true }).serve(1).change(2).validate().prepare().requestRevert().commit()
    expect(story.state).toBe('rolling-back')
  })

  it('ends the wait for a word by swapping back', () => {
    const story = tellReload({ confirms: true }).serve(1).change(2).validate().prepare().commit().requestRevert()
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'superseded' })
    expect(story.unconfirmed).toBe(0)
  })

  it('waits for the end of the first soak of all: there is nothing to swap back to', () => {
    const story = tellReload({ soaks: true }).change(1).validate().prepare().commit().requestRevert()
    expect(story.state).toBe('applying.soaking')
    expect(story.soak().inputOf('validateDocument')).toMatchObject({ trigger: 'revert' })
  })

  it('is the last of several that were asked for while something ran', () => {
    const story = tellReload().serve(1).change(2).validate().prepare().requestRevert(0).requestRevert(1).commit()
    expect(story.inputOf('validateDocument')).toMatchObject({ candidate: { revision: revision(1) } })
    expect(story.validate('unchanged').state).toBe('resting.committed')
  })

  it('is not replaced by a document that would then need no word and be a revert', () => {
    const story = tellReload({ confirms: true }).serve(1).serve(2).requestRevert(1).change(3).validate()
    expect(story.state).toBe('applying.preparing')
    expect(story.context.candidate?.revision).toEqual(revision(1))
    story.prepare().commit().validate().prepare().commit()
    expect(story.state).toBe('applying.confirming')
  })

  it('is not tried again by itself where it fails', () => {
    for (const untried of ['settled', 'released'] as const) {
      const story = tellReload().serve(1).serve(2).requestRevert(1).validate().prepare('failed').rollBack([], untried)
      expect(story.settleModule().requestRetry().state).toBe('resting.rolled-back')
    }
  })
})
