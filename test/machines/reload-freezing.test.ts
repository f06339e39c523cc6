import { describe, expect, it } from 'vitest'
import { changed, revision } from './reload-moves.ts'
import { type ReloadStory, tellReload } from './reload-story.ts'

describe('A freeze of the reload machine before the tick', () => {
  for (const [state, tell, then] of [
    ['fetching', () => tellReload().serve(1).requestReload(), undefined],
    ['validating', () => tellReload().serve(1).change(2), undefined],
    ['applying.journaling', () => tellReload({ persists: true }).serve(1).change(2).validateAttempt(), undefined],
    [
      'applying.preparing',
      () => tellReload().serve(1).change(2).validate(),
      (story: ReloadStory) => {
        expect(story.inputOf('rollBackModules')).toEqual({ epoch: 2, ending: 'aborted' })
        story.rollBack()
      },
    ],
  ] as const) {
    it(`aborts in ${state}, and drops what waits: it comes again`, () => {
      const story = tell()
      expect(story.state).toBe(state)
      if (state !== 'applying.preparing') story.change(3)
      story.requestReload().freeze()
      then?.(story)
      expect(story.state).toBe('resting.committed')
      expect(story.records).toEqual(['1 committed', '2 aborted'])
      expect(story.context.waiting).toEqual({ candidate: undefined, revert: undefined, read: false, close: false })
      expect(story.asked.map(({ src }) => src).filter((src) => src === 'commitModules')).toHaveLength(1)
    })
  }

  it('returns to where the machine rested, degraded too', () => {
    const story = tellReload().serve(1).degrade(2).change(3).freeze()
    expect(story.state).toBe('resting.degraded')
    expect(story.elapseBackoff().context).toMatchObject({ trigger: 'repair', candidate: undefined })
  })

  it('lets a restore, a revert and a repair of what serves go on: these are not held', () => {
    const tellings: Readonly<Record<string, () => ReloadStory>> = {
      restore: () => tellReload({ persists: true }).requestRestore(),
      revert: () => tellReload({ persists: true }).serve(1).requestRevert(),
      repair: () => tellReload({ persists: true }).serve(1).degrade(2).elapseBackoff(),
    }
    for (const [trigger, tell] of Object.entries(tellings)) {
      const story = tell()
      const { epoch } = story.context
      expect(story.freeze().state).toBe('validating')
      expect(story.validateAttempt().freeze().state).toBe('applying.journaling')
      expect(story.note().freeze().state).toBe('applying.preparing')
      story.prepare().commit()
      if (trigger !== 'restore') story.promote()
      expect(story.records.at(-1)).toBe(`${epoch} committed`)
    }
  })

  it('aborts a repair that tries a document which a busy module had refused', () => {
    const story = tellReload().serve(1).change(2).validate().prepare('failed').rollBack([], 'settled').settleModule()
    expect(story.freeze().state).toBe('resting.rolled-back')
    expect(story.settleModule().state).toBe('resting.rolled-back')
  })

  it('lets a revert go on that waits', () => {
    const story = tellReload().serve(1).change(2).validate().requestRevert().freeze()
    expect(story.rollBack().context).toMatchObject({ trigger: 'revert', candidate: { revision: revision(0) } })
  })
})

describe('A freeze of the reload machine after the tick', () => {
  for (const [state, tell, end] of [
    ['applying.committing', (story: ReloadStory) => story.prepare(), (story: ReloadStory) => story.commit().complete()],
    ['applying.completing', (story: ReloadStory) => story.prepare().commit(), (story: ReloadStory) => story.complete()],
    ['applying.soaking', (story: ReloadStory) => story.prepare().commit().complete(), (story: ReloadStory) => story],
  ] as const) {
    it(`lets the transaction finish in ${state}, and drops what waits`, () => {
      const story = tell(tellReload({ soaks: true }).serve(1).change(2).validate('valid', true))
      expect(story.state).toBe(state)
      expect(story.change(3).requestReload().freeze().state).toBe(state)
      end(story).soak()
      expect(story.state).toBe('resting.committed')
      expect(story.records).toEqual(['1 committed', '2 committed'])
    })
  }

  it('lets the transaction finish while it waits for a word, and while it is promoted', () => {
    const story = tellReload({ confirms: true, persists: true }).serve(1).change(2).validate().prepare().commit()
    expect(story.freeze().state).toBe('applying.confirming')
    expect(story.confirm().freeze().state).toBe('applying.promoting')
    expect(story.promote().state).toBe('resting.committed')
  })

  it('keeps nothing to be tried again of what fails then: it comes again with the unfreeze', () => {
    const soaking = () => tellReload({ soaks: true }).serve(1).change(2).validate().prepare().commit()
    for (const untried of ['settled', 'released'] as const) {
      for (const story of [soaking().freeze().soak('failed'), soaking().soak('failed').freeze()]) {
        expect(story.rollBack([], untried).state).toBe('resting.rolled-back')
        expect(story.context.untried).toBeUndefined()
        expect(story.settleModule().requestRetry().state).toBe('resting.rolled-back')
      }
    }
  })

  it('keeps what fails in the next transaction again', () => {
    const story = tellReload().serve(1).freeze().change(2).validate().prepare('failed').rollBack([], 'released')
    expect(story.context.untried?.candidate.revision).toEqual(revision(2))
  })

  it('lets what was left untried before come to nothing, and a retry that was remembered', () => {
    const story = tellReload().serve(1).change(2).quarantine().freeze().requestRetry()
    expect(story.state).toBe('resting.rejected')
    const running = tellReload().serve(1).degrade(2).change(3).quarantine().elapseBackoff().requestRetry().freeze()
    expect(running.validate().prepare().commit().state).toBe('resting.committed')
  })
})

describe('What a freeze held back, in the reload machine', () => {
  const held = (order: number, lineage?: string) => changed({ revision: revision(order, lineage), wasFrozen: true })

  it('is taken though it has been seen: the freeze had given it up', () => {
    const story = tellReload().serve(1).change(2).freeze().send(held(2))
    expect(story.state).toBe('validating')
    expect(story.context).toMatchObject({ trigger: 'change', candidate: { revision: revision(2) } })
  })

  it('is taken where it is newer, and where it is of another lineage', () => {
    expect(tellReload().serve(1).send(held(2)).state).toBe('validating')
    const story = tellReload().serve(5).send(held(1, 'b'))
    expect(story.state).toBe('validating')
    expect(story.context.seen).toEqual(revision(1, 'b'))
  })

  it('is not taken where something newer has been seen since (G12)', () => {
    expect(tellReload().serve(5).send(held(4)).state).toBe('resting.committed')
  })

  it('does not set back what was seen of the same document at a later order', () => {
    const later = changed({ revision: revision(9, 'a', 'a5') })
    const atRest = tellReload().serve(5).send(later).send(held(5))
    expect(atRest.state).toBe('validating')
    expect(atRest.context.seen).toEqual(revision(9, 'a', 'a5'))
    const running = tellReload().serve(5).requestReload().send(later).send(held(5))
    expect(running.context.seen).toEqual(revision(9, 'a', 'a5'))
    expect(running.context.waiting.candidate?.revision).toEqual(revision(5))
  })

  it('waits for its turn like any other', () => {
    const story = tellReload({ soaks: true }).serve(1).change(2).validate().prepare().commit().send(held(2))
    expect(story.state).toBe('applying.soaking')
    expect(story.soak('failed').rollBack().state).toBe('validating')
    expect(story.context.candidate?.revision).toEqual(revision(2))
  })
})
