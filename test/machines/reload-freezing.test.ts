import { describe, expect, it } from 'vitest'
import { changed } from './reload-moves.ts'
import { revision } from './walk/moves.ts'
import { type ReloadStory, startReload } from './reload-story.ts'

describe('A freeze of the reload machine before the commit', () => {
  for (const [state, begin, proceed] of [
    ['fetching', () => startReload().serve(1).requestReload(), undefined],
    ['validating', () => startReload().serve(1).change(2), undefined],
    ['applying.journaling', () => startReload({ persists: true }).serve(1).change(2).validateAttempt(), undefined],
    [
      'applying.preparing',
      () => startReload().serve(1).change(2).validate(),
      (story: ReloadStory) => {
        expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'aborted' })
        story.rollBack()
      },
    ],
  ] as const) {
    it(`aborts in ${state}, and drops what is queued, because the unfreeze delivers it again`, () => {
      const story = begin()
      expect(story.state).toBe(state)
      if (state !== 'applying.preparing') story.change(3)
      story.requestReload().freeze()
      proceed?.(story)
      expect(story.state).toBe('resting.committed')
      expect(story.records).toEqual(['1 committed', '2 aborted'])
      expect(story.context.waiting).toMatchObject({ candidate: undefined, read: false, secret: false })
      expect(story.called.filter((src) => src === 'commitModules')).toHaveLength(1)
    })
  }

  it('returns to the previous resting state, even if that is degraded', () => {
    const story = startReload().serve(1).degrade(2).change(3).freeze()
    expect(story.state).toBe('resting.degraded')
    expect(story.elapse('repairBackoff').context).toMatchObject({ trigger: 'repair', candidate: undefined })
  })

  it('does not stop a restore, a revert or a repair of what serves', () => {
    const stories: Readonly<Record<string, () => ReloadStory>> = {
      restore: () => startReload({ persists: true }).requestRestore(),
      revert: () => startReload({ persists: true }).serve(1).requestRevert(),
      repair: () => startReload({ persists: true }).serve(1).degrade(2).elapse('repairBackoff'),
    }
    for (const [trigger, begin] of Object.entries(stories)) {
      const story = begin()
      const { epoch } = story.context
      expect(story.freeze().state).toBe('validating')
      expect(story.validateAttempt().freeze().state).toBe('applying.journaling')
      expect(story.journal().freeze().state).toBe('applying.preparing')
      story.prepare().commit()
      if (trigger !== 'restore') story.promote()
      expect(story.records.at(-1)).toBe(`${epoch} committed`)
    }
  })

  it('aborts a repair that tries a document which found a module busy', () => {
    const story = startReload().serve(1).change(2).validate().prepare('failed').rollBack([], 'settled').settleModule()
    expect(story.freeze().state).toBe('resting.rolled-back')
    expect(story.settleModule().state).toBe('resting.rolled-back')
  })

  it('does not stop a queued revert', () => {
    const story = startReload().serve(1).change(2).validate().requestRevert().freeze()
    expect(story.rollBack().context).toMatchObject({ trigger: 'revert', candidate: { revision: revision(0) } })
  })
})

describe('A freeze of the reload machine after the commit', () => {
  for (const [state, proceed, finish] of [
    ['applying.committing', (story: ReloadStory) => story.prepare(), (story: ReloadStory) => story.commit().complete()],
    ['applying.completing', (story: ReloadStory) => story.prepare().commit(), (story: ReloadStory) => story.complete()],
    ['applying.soaking', (story: ReloadStory) => story.prepare().commit().complete(), (story: ReloadStory) => story],
  ] as const) {
    it(`lets the transaction finish in ${state}, and drops what is queued`, () => {
      const story = proceed(startReload({ soaks: true }).serve(1).change(2).validate('valid', true))
      expect(story.state).toBe(state)
      expect(story.change(3).requestReload().freeze().state).toBe(state)
      finish(story).soak()
      expect(story.state).toBe('resting.committed')
      expect(story.records).toEqual(['1 committed', '2 committed'])
    })
  }

  it('lets the transaction finish while it waits for a confirmation and while it is promoted', () => {
    const story = startReload({ confirms: true, persists: true }).serve(1).change(2).validate().prepare().commit()
    expect(story.freeze().state).toBe('applying.confirming')
    expect(story.confirm().freeze().state).toBe('applying.promoting')
    expect(story.promote().state).toBe('resting.committed')
  })

  it('leaves nothing untried of a failure during the freeze, because the unfreeze delivers it again', () => {
    const soaking = () => startReload({ soaks: true }).serve(1).change(2).validate().prepare().commit()
    for (const untried of ['settled', 'released'] as const) {
      for (const story of [soaking().freeze().soak('failed'), soaking().soak('failed').freeze()]) {
        expect(story.rollBack([], untried).state).toBe('resting.rolled-back')
        expect(story.context.untried).toBeUndefined()
        expect(story.settleModule().requestRetry().state).toBe('resting.rolled-back')
      }
    }
  })

  it('lets the next transaction leave a document untried again', () => {
    const story = startReload().serve(1).freeze().change(2).validate().prepare('failed').rollBack([], 'released')
    expect(story.context.untried?.candidate.revision).toEqual(revision(2))
  })

  it('drops a document that was left untried, and a retry that is due', () => {
    const story = startReload().serve(1).change(2).quarantine().freeze().requestRetry()
    expect(story.state).toBe('resting.rejected')
    const running = startReload()
      .serve(1)
      .degrade(2)
      .change(3)
      .quarantine()
      .elapse('repairBackoff')
      .requestRetry()
      .freeze()
    expect(running.validate().prepare().commit().state).toBe('resting.committed')
  })
})

describe('A document delivered after a freeze, in the reload machine', () => {
  const thawed = (order: number, lineage?: string) => changed({ revision: revision(order, lineage), isRepeated: true })

  it('is accepted even though it has been seen, because the freeze may have aborted it', () => {
    const story = startReload().serve(1).change(2).freeze().send(thawed(2))
    expect(story.state).toBe('validating')
    expect(story.context).toMatchObject({ trigger: 'change', candidate: { revision: revision(2) } })
  })

  it('is accepted if it is newer, and if it has another lineage', () => {
    expect(startReload().serve(1).send(thawed(2)).state).toBe('validating')
    const story = startReload().serve(5).send(thawed(1, 'b'))
    expect(story.state).toBe('validating')
    expect(story.context.seen).toEqual(revision(1, 'b'))
  })

  it('is not accepted if something newer has been seen since (G12)', () => {
    expect(startReload().serve(5).send(thawed(4)).state).toBe('resting.committed')
  })

  it('does not lower the order seen of the same document', () => {
    const later = changed({ revision: revision(9, 'a', 'a5') })
    const atRest = startReload().serve(5).send(later).send(thawed(5))
    expect(atRest.state).toBe('validating')
    expect(atRest.context.seen).toEqual(revision(9, 'a', 'a5'))
    const running = startReload().serve(5).requestReload().send(later).send(thawed(5))
    expect(running.context.seen).toEqual(revision(9, 'a', 'a5'))
    expect(running.context.waiting.candidate?.revision).toEqual(revision(5))
  })

  it('is queued like any other', () => {
    const story = startReload({ soaks: true }).serve(1).change(2).validate().prepare().commit().send(thawed(2))
    expect(story.state).toBe('applying.soaking')
    expect(story.soak('failed').rollBack().state).toBe('validating')
    expect(story.context.candidate?.revision).toEqual(revision(2))
  })
})
