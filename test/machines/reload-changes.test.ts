import { describe, expect, it } from 'vitest'
import { revision } from './walk/moves.ts'
import { type ReloadStory, startReload } from './reload-story.ts'

const candidateOf = ({ context }: ReloadStory) => context.candidate?.revision

describe('A change during a transaction of the reload machine (G11)', () => {
  it('replaces the document of the same transaction during the read', () => {
    const story = startReload().requestReload().change(2).read(1)
    expect(candidateOf(story)).toEqual(revision(2))
    expect(story.context.epoch).toBe(1)
  })

  it('replaces the document of the same transaction during the validation', () => {
    const story = startReload().change(1).change(2).change(3).validate('invalid')
    expect(story.state).toBe('validating')
    expect(story.context.epoch).toBe(1)
    expect(story.inputOf('validateDocument')).toMatchObject({ epoch: 1, candidate: { revision: revision(3) } })
    expect(story.validate().prepare().commit().records).toEqual(['1 committed'])
  })

  it('replaces it at most three times, and then is queued for its own transaction', () => {
    const story = startReload().change(1)
    for (const order of [2, 3, 4]) story.change(order).validate()
    expect(candidateOf(story)).toEqual(revision(4))
    expect(story.change(5).validate().state).toBe('applying.preparing')
    expect(candidateOf(story)).toEqual(revision(4))
    expect(story.prepare().commit().state).toBe('validating')
    expect(candidateOf(story)).toEqual(revision(5))
    expect(story.records).toEqual(['1 committed'])
  })

  it('may replace it three times again in the next transaction', () => {
    const story = startReload().change(1)
    for (const order of [2, 3, 4]) story.change(order).validate()
    story.validate().prepare().commit().change(5)
    for (const order of [6, 7, 8]) expect(story.change(order).validate().state).toBe('validating')
    expect(candidateOf(story)).toEqual(revision(8))
  })

  it('does not become the document of a repair, which repairs what serves', () => {
    const story = startReload().serve(1).degrade(2).elapse('repairBackoff').change(3).validate()
    expect(story.state).toBe('applying.preparing')
    expect(candidateOf(story)).toBeUndefined()
  })

  it('supersedes while modules prepare, and gets its own transaction', () => {
    const story = startReload().serve(1).change(2).validate().change(3)
    expect(story.state).toBe('rolling-back')
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'superseded' })
    expect(story.rollBack().state).toBe('validating')
    expect(candidateOf(story)).toEqual(revision(3))
    expect(story.records).toEqual(['1 committed', '2 superseded'])
  })

  it('is queued instead of superseding the transaction after a superseded one', () => {
    const story = startReload().serve(1).change(2).validate().change(3).rollBack().validate()
    expect(story.change(4).state).toBe('applying.preparing')
    expect(story.prepare().commit().state).toBe('validating')
    expect(candidateOf(story)).toEqual(revision(4))
    expect(story.records).toEqual(['1 committed', '2 superseded', '3 committed'])
  })

  it('still replaces the document of the transaction after a superseded one during the validation', () => {
    const story = startReload().serve(1).change(2).validate().change(3).rollBack().change(4).validate()
    expect(story.state).toBe('validating')
    expect(candidateOf(story)).toEqual(revision(4))
    expect(story.context.epoch).toBe(3)
  })

  for (const [how, finish] of [
    ['committed', (story: ReloadStory) => story.validate().prepare().commit()],
    ['rejected', (story: ReloadStory) => story.validate('invalid')],
    ['unchanged', (story: ReloadStory) => story.validate('unchanged')],
    ['rolled back', (story: ReloadStory) => story.validate().prepare('failed').rollBack()],
  ] as const) {
    it(`may supersede again once a transaction has ended by itself: ${how}`, () => {
      const story = startReload().serve(1).change(2).validate().change(3).rollBack()
      finish(story).change(4).validate()
      expect(story.change(5).state).toBe('rolling-back')
    })
  }

  for (const [phase, proceed, finish] of [
    ['committing', (story: ReloadStory) => story.prepare(), (story: ReloadStory) => story.commit().complete()],
    ['completing', (story: ReloadStory) => story.prepare().commit(), (story: ReloadStory) => story.complete()],
    ['soaking', (story: ReloadStory) => story.prepare().commit().complete(), (story: ReloadStory) => story],
    ['rolling back', (story: ReloadStory) => story.prepare('failed'), (story: ReloadStory) => story.rollBack()],
  ] as const) {
    it(`is queued during ${phase}, and then the newest one runs`, () => {
      const story = startReload({ soaks: true }).serve(1).change(2).validate('valid', true)
      const state = proceed(story).state
      expect(story.change(3).change(4).state).toBe(state)
      finish(story)
      if (phase !== 'rolling back') story.soak()
      expect(story.state).toBe('validating')
      expect(candidateOf(story)).toEqual(revision(4))
      expect(story.records).toHaveLength(2)
    })
  }

  it('ends a soak with a rollback if it is the last known good again', () => {
    const story = startReload({ soaks: true }).serve(1).change(2).validate().prepare().commit()
    expect(story.change(3, { isLastKnownGood: true }).state).toBe('rolling-back')
    expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'superseded' })
    expect(story.rollBack().state).toBe('validating')
    expect(story.validate('unchanged').state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed', '2 superseded', '3 unchanged'])
  })

  it('ends a soak at once if the last known good returned before the soak began', () => {
    const story = startReload({ soaks: true }).serve(1).change(2).validate().prepare()
    expect(story.change(3, { isLastKnownGood: true }).commit().state).toBe('rolling-back')
  })

  it('continues the soak if a newer document has replaced the last known good in the queue', () => {
    const story = startReload({ soaks: true }).serve(1).change(2).validate().prepare()
    expect(story.change(3, { isLastKnownGood: true }).change(4).commit().state).toBe('applying.soaking')
  })

  it('ends a soak with a rollback if a newer document supersedes soaks, and waits otherwise', () => {
    for (const supersedesSoak of [true, false]) {
      const story = startReload({ soaks: true, supersedesSoak }).serve(1).change(2).validate().prepare().commit()
      story.change(3, { cannotServe: true })
      expect(story.state).toBe('applying.soaking')
      expect(story.change(4).state).toBe(supersedesSoak ? 'rolling-back' : 'applying.soaking')
    }
  })

  it('waits for the end of the first soak of all and of a repair, even if it supersedes soaks', () => {
    const first = startReload({ soaks: true, supersedesSoak: true }).change(1).validate().prepare().commit()
    expect(first.change(2).state).toBe('applying.soaking')
    const repair = startReload({ soaks: true, supersedesSoak: true }).serve(1).degrade(2).settleModule()
    expect(repair.validate().prepare().commit().change(3).state).toBe('applying.soaking')
  })

  it('continues the first soak of all, because there is nothing to return to', () => {
    const story = startReload({ soaks: true }).change(1).validate().prepare().commit()
    expect(story.change(2, { isLastKnownGood: true }).state).toBe('applying.soaking')
  })

  it('is read before it is taken from the queue, so that one transaction answers a reload', () => {
    const story = startReload().serve(1).change(2).validate().prepare().requestReload().change(3).commit()
    expect(story.state).toBe('fetching')
    expect(story.read(3).validate().prepare().commit().state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed', '2 committed', '3 committed'])
  })
})
