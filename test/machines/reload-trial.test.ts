import { describe, expect, it } from 'vitest'
import { type ReloadStory, startReload } from './reload-story.ts'

const served = () => startReload({ soaks: true }).serve(1)

/** Up to where the document on trial has passed its soak. */
const trying = () => served().offerTrial().validate().prepare().commit().soak()

describe('A trial', () => {
  it('is not begun before anything serves', () => {
    expect(startReload().offerTrial().state).toBe('resting.idle')
  })

  it('serves after its soak until it is promoted, and calls no module then', () => {
    const story = trying()
    expect(story.state).toBe('applying.trying')
    expect(story.endTrial('promoted').records).toEqual(['1 committed', '2 committed'])
    expect(story.state).toBe('resting.committed')
  })

  it('is rolled back when it is withdrawn, in whatever state it is', () => {
    const states: readonly ((story: ReloadStory) => ReloadStory)[] = [
      (story) => story.validate(),
      (story) => story.validate().prepare().commit(),
      (story) => story.validate().prepare().commit().soak(),
    ]
    for (const play of states) {
      const story = play(served().offerTrial()).endTrial('ended')
      expect(story.state).toBe('rolling-back')
      expect(story.rollBack().records).toEqual(['1 committed', '2 aborted'])
      expect(story.state).toBe('resting.committed')
    }
    expect(served().offerTrial().endTrial('ended').records).toEqual(['1 committed', '2 aborted'])
  })

  it('is rolled back if a check fails', () => {
    expect(trying().failCheck().rollBack().records).toEqual(['1 committed', '2 rolled-back'])
  })

  it('waits for the end of a transaction, and may be withdrawn meanwhile', () => {
    const story = served().change(2).offerTrial()
    expect(story.validate().prepare().commit().soak().inputOf('validateDocument')).toMatchObject({ trigger: 'trial' })
    const other = served().change(2).offerTrial().endTrial('ended')
    expect(other.validate().prepare().commit().soak().state).toBe('resting.committed')
  })

  it('that waits is dropped by a freeze, and by a promotion, since the source holds its document then', () => {
    for (const drop of [(story: ReloadStory) => story.freeze(), (story: ReloadStory) => story.endTrial('promoted')]) {
      expect(drop(served().change(2).offerTrial()).context.waiting.trial).toBeUndefined()
    }
  })

  it('gives way to a document of the source, and to a revert', () => {
    expect(trying().change(2).rollBack().inputOf('validateDocument')).toMatchObject({ epoch: 3, trigger: 'change' })
    expect(trying().requestRevert().rollBack().inputOf('validateDocument')).toMatchObject({ trigger: 'revert' })
    const early = served().offerTrial().change(2).validate()
    expect(early.records).toEqual(['1 committed', '2 superseded'])
  })

  it('goes on while only a document is queued that would be rejected, and leaves an untried one alone', () => {
    expect(trying().change(2, { cannotServe: true }).state).toBe('applying.trying')
    const story = served().change(2).quarantine()
    const { untried } = story.context
    story.offerTrial().validate().prepare('failed').rollBack([], 'released')
    expect(story.context.untried).toEqual(untried)
  })

  it('becomes the last known good once it is promoted', () => {
    const story = startReload({ persists: true }).serve(1)
    story.offerTrial().validate().prepare().commit()
    expect(story.endTrial('promoted').state).toBe('applying.promoting')
    expect(story.promote().records).toEqual(['1 committed', '2 committed'])
  })

  it('needs no confirmation', () => {
    const story = startReload({ confirms: true }).serve(1).offerTrial().validate().prepare().commit()
    expect(story.endTrial('promoted').records).toEqual(['1 committed', '2 committed'])
  })
})
