import { describe, expect, it } from 'vitest'
import { revision } from './walk/moves.ts'
import { type ReloadStory, startReload } from './reload-story.ts'

const lastValidated = (story: ReloadStory) => story.inputOf('validateDocument')

describe('A secret that changes', () => {
  const served = () => startReload().serve(1)

  it('has what serves validated again, without a document', () => {
    const story = served().changeSecret()
    expect(story.state).toBe('validating')
    expect(lastValidated(story)).toMatchObject({ epoch: 2, trigger: 'secret', candidate: undefined })
    expect(story.validate().prepare().commit().records).toEqual(['1 committed', '2 committed'])
  })

  it('commits nothing if no value has changed after all', () => {
    expect(served().changeSecret().validate('unchanged').records).toEqual(['1 committed', '2 unchanged'])
  })

  it.each([
    ['validating', (story: ReloadStory) => story],
    ['preparing', (story: ReloadStory) => story.validate()],
  ] as const)('waits for the end of a transaction that is %s', (_, play) => {
    const story = play(served().change(2)).changeSecret()
    expect(story.context.waiting.secret).toBe(true)
    if (story.state === 'validating') story.validate()
    story.prepare().commit()
    expect(story.state).toBe('validating')
    expect(lastValidated(story)).toMatchObject({ epoch: 3, trigger: 'secret', candidate: undefined })
    expect(story.context.waiting.secret).toBe(false)
  })

  it('is not lost when it changes again during the transaction that takes it', () => {
    const story = served().changeSecret().validate().prepare().changeSecret().commit()
    expect(lastValidated(story)).toMatchObject({ epoch: 3, trigger: 'secret' })
  })

  it('waits for a newer document, which reads it itself', () => {
    const story = served().change(2).validate().changeSecret().change(3).rollBack()
    expect(lastValidated(story)).toMatchObject({ trigger: 'change', candidate: { revision: revision(3) } })
    expect(lastValidated(story.validate().prepare().commit())).toMatchObject({ trigger: 'secret' })
  })

  it('is ignored before anything serves', () => {
    expect(startReload().changeSecret().state).toBe('resting.idle')
    const story = startReload().change(1).changeSecret().validate('invalid')
    expect(story.state).toBe('resting.rejected')
    expect(story.context.waiting.secret).toBe(false)
  })

  it('reaches a first config that has failed its soak', () => {
    const story = startReload({ soaks: true }).change(1).validate().prepare().commit().soak('failed')
    expect(story.state).toBe('resting.degraded')
    expect(lastValidated(story.changeSecret())).toMatchObject({ trigger: 'secret' })
  })

  it('leaves an untried document untried, whatever becomes of it', () => {
    const untried = () => served().change(2).validate().prepare('failed').rollBack([], 'released')
    const kept = { candidate: { revision: revision(2) }, until: 'released' }
    const failed = untried().changeSecret().validate().prepare('failed').rollBack([], 'released')
    expect(failed.context.untried).toEqual(kept)
    const committed = untried().changeSecret().validate().prepare().commit()
    expect(committed.context.untried).toEqual(kept)
    expect(lastValidated(committed.expireQuarantine())).toMatchObject({ candidate: { revision: revision(2) } })
  })

  it('lets an untried document follow whose quarantine ends meanwhile', () => {
    const story = served().change(2).validate().prepare('failed').rollBack([], 'released')
    story.changeSecret().expireQuarantine().validate().prepare().commit()
    expect(lastValidated(story)).toMatchObject({ trigger: 'quarantine-expired', candidate: { revision: revision(2) } })
  })

  it('needs no confirmation, and no attempt in the journal ends with it', () => {
    const story = startReload({ confirms: true, persists: true }).serve(1).changeSecret().validate().prepare().commit()
    expect(story.state).toBe('applying.promoting')
    expect(story.promote().records).toEqual(['1 committed', '2 committed'])
  })

  it('goes on through a freeze once its transaction runs, and is dropped while it waits', () => {
    expect(served().changeSecret().freeze().validate().prepare().commit().records.at(-1)).toBe('2 committed')
    const story = served().change(2).validate().prepare().changeSecret().freeze()
    expect(story.context.waiting.secret).toBe(false)
  })

  it('gives way to a newer document while it prepares, and comes after it', () => {
    const story = served().changeSecret().validate().change(2).rollBack()
    expect(story.records.at(-1)).toBe('2 superseded')
    expect(lastValidated(story)).toMatchObject({ trigger: 'change' })
  })
})
