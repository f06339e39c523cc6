import { describe, expect, it } from 'vitest'
import type { Revision } from '../../src/model/revision.ts'
import { changed, revision } from './reload-moves.ts'
import { type ReloadStory, tellReload } from './reload-story.ts'
import { answerOf } from './walk/stepper.ts'

const answerOfRead = ({ snapshot }: ReloadStory, found: Revision) =>
  answerOf(snapshot, 'readDocument', { kind: 'found', candidate: { revision: found } })

const orderOf = (candidate: { readonly revision: { readonly order: number } } | undefined) => candidate?.revision.order

describe('A transaction of the reload machine', () => {
  it('goes through validating, preparing and committing to committed where there is nothing more to do', () => {
    const story = tellReload()
    expect(story.state).toBe('resting.idle')
    expect(story.change(1).state).toBe('validating')
    expect(story.validate().state).toBe('applying.preparing')
    expect(story.prepare().state).toBe('applying.committing')
    expect(story.commit().state).toBe('resting.committed')
    expect(story.concluded).toEqual([{ epoch: 1, trigger: 'start', outcome: 'committed' }])
    expect(story.asked.map(({ src }) => src)).toEqual(['validateDocument', 'prepareModules', 'commitModules'])
  })

  it('completes and soaks where a compensating module changes and a soak is set', () => {
    const story = tellReload({ soaks: true }).change(1).validate('valid', true).prepare().commit()
    expect(story.state).toBe('applying.completing')
    expect(story.complete().state).toBe('applying.soaking')
    expect(story.records).toEqual([])
    expect(story.soak().state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed'])
  })

  it('does not remember a compensating plan in the next transaction', () => {
    const story = tellReload().change(1).validate('valid', true).prepare().commit().complete()
    expect(story.serve(2).state).toBe('resting.committed')
  })

  it('calls no module for a document that is not valid (G4)', () => {
    const story = tellReload().serve(1)
    const calls = story.asked.length
    expect(story.change(2).validate('invalid').state).toBe('resting.rejected')
    expect(story.records).toEqual(['1 committed', '2 rejected'])
    expect(story.asked.slice(calls).map(({ src }) => src)).toEqual(['validateDocument'])
  })

  it('rests in committed for a document that changes nothing, and calls no module', () => {
    const story = tellReload().serve(1)
    const calls = story.asked.length
    expect(story.change(2).validate('unchanged').state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed', '2 unchanged'])
    expect(story.asked.slice(calls).map(({ src }) => src)).toEqual(['validateDocument'])
  })

  for (const [phase, tell] of [
    ['preparing', () => tellReload({ soaks: true }).change(1).validate().prepare('failed')],
    ['committing', () => tellReload({ soaks: true }).change(1).validate().prepare().commit('failed')],
    [
      'completing',
      () => tellReload({ soaks: true }).change(1).validate('valid', true).prepare().commit().complete('failed'),
    ],
    ['soaking', () => tellReload({ soaks: true }).serve(0).change(1).validate().prepare().commit().soak('failed')],
    [
      'a check while it waits to be confirmed',
      () => tellReload({ confirms: true }).serve(0).change(1).validate().prepare().commit().check('failed'),
    ],
  ] as const) {
    it(`rolls back where ${phase} fails, and tells the actor that it failed`, () => {
      const story = tell()
      expect(story.state).toBe('rolling-back')
      expect(story.inputOf('rollBackModules')).toEqual({ epoch: story.context.epoch, ending: 'failed' })
      expect(story.rollBack().state).toBe('resting.rolled-back')
      expect(story.concluded.at(-1)).toMatchObject({ epoch: story.context.epoch, outcome: 'rolled-back' })
    })
  }

  for (const [actor, tell, rest] of [
    ['readDocument', () => tellReload().requestReload(), 'resting.rejected'],
    ['validateDocument', () => tellReload().change(1), 'resting.rejected'],
    ['prepareModules', () => tellReload().change(1).validate(), 'rolling-back'],
    ['commitModules', () => tellReload().change(1).validate().prepare(), 'rolling-back'],
    ['completeModules', () => tellReload().change(1).validate('valid', true).prepare().commit(), 'rolling-back'],
    ['soakModules', () => tellReload({ soaks: true }).change(1).validate().prepare().commit(), 'rolling-back'],
    [
      'checkModules',
      () => tellReload({ confirms: true }).serve(1).change(2).validate().prepare().commit(),
      'rolling-back',
    ],
    ['rollBackModules', () => tellReload().change(1).validate().prepare('failed'), 'resting.rolled-back'],
    ['closeModules', () => tellReload().requestClose(), 'closed'],
  ] as const) {
    it(`is not wedged by ${actor} breaking its promise: that is reported and taken as failed`, () => {
      const story = tell().breakActor(actor)
      expect(story.broken).toBe(1)
      expect(story.state).toBe(rest)
    })
  }

  it('answers a reload by a read, and a read that fails by rejected', () => {
    const story = tellReload().serve(1)
    expect(story.requestReload().state).toBe('fetching')
    expect(story.inputOf('readDocument')).toEqual({ epoch: 2, seen: revision(1) })
    expect(story.read('failed').state).toBe('resting.rejected')
    expect(story.concluded.at(-1)).toEqual({ epoch: 2, trigger: 'reload', outcome: 'rejected' })
  })

  it('reads again for a reload that is requested during a read: that one may have begun too early', () => {
    const story = tellReload().requestReload().requestReload().read(1).validate().prepare().commit()
    expect(story.state).toBe('fetching')
    expect(story.read(1).validate('unchanged').state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed', '2 unchanged'])
  })

  it('is made by start until a first commit holds, then by change', () => {
    const story = tellReload().change(1).validate('invalid').change(2).validate().prepare().commit()
    story.change(3).validate('invalid')
    expect(story.concluded.map(({ trigger }) => trigger)).toEqual(['start', 'start', 'change'])
  })
})

describe('The order of documents in the reload machine (G12)', () => {
  for (const [what, candidate] of [
    ['a redelivered document', { revision: revision(5) }],
    ['a stale document', { revision: revision(4) }],
    ['the same document at a later order', { revision: revision(9, 'a', 'a5') }],
  ] as const) {
    it(`starts nothing for ${what}, at rest or in a transaction`, () => {
      const story = tellReload().serve(5)
      expect(story.send(changed(candidate)).state).toBe('resting.committed')
      story.requestReload().send(changed(candidate)).read(5).validate('unchanged')
      expect(story.records).toEqual(['1 committed', '2 unchanged'])
      expect(story.context.waiting.candidate).toBeUndefined()
    })
  }

  it('takes a document as stale that is older than a later order of the one it knows', () => {
    const story = tellReload()
      .serve(5)
      .send(changed({ revision: revision(9, 'a', 'a5') }))
    expect(story.change(7).state).toBe('resting.committed')
    expect(story.change(10).state).toBe('validating')
  })

  it('does not forget a later order that was told during a read which knows only the earlier one', () => {
    const story = tellReload()
      .serve(5)
      .requestReload()
      .send(changed({ revision: revision(9, 'a', 'a5') }))
    expect(story.read(5).validate('unchanged').context.seen).toEqual(revision(9, 'a', 'a5'))
    expect(story.change(7).state).toBe('resting.committed')
  })

  it('takes an older document as stale though a newer one is still waiting', () => {
    const story = tellReload().serve(1).change(2).validate().prepare().change(5).change(4).commit()
    expect(story.state).toBe('validating')
    expect(orderOf(story.context.candidate)).toBe(5)
  })

  it('accepts a document of another lineage, whatever its order', () => {
    const story = tellReload()
      .serve(5)
      .send(changed({ revision: revision(1, 'b') }))
    expect(story.state).toBe('validating')
    expect(story.context.seen).toEqual(revision(1, 'b'))
  })

  it('takes what arrived during a read where that is newer than what was read', () => {
    const story = tellReload().requestReload().change(7).read(6)
    expect(orderOf(story.context.candidate)).toBe(7)
    expect(story.validate().prepare().commit().records).toEqual(['1 committed'])
  })

  it('takes what was read where what arrived is of another lineage, and reads again: either may be the older', () => {
    const story = tellReload().serve(5).requestReload()
    story.send(changed({ revision: revision(1, 'b') })).read(6)
    expect(story.context).toMatchObject({ candidate: { revision: revision(6) }, seen: revision(6) })
    expect(story.validate().prepare().commit().state).toBe('fetching')
    expect(story.send(answerOfRead(story, revision(1, 'b'))).context.candidate?.revision).toEqual(revision(1, 'b'))
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
  })

  it('takes what was read where that is newer than what arrived', () => {
    const story = tellReload().requestReload().change(7).read(8)
    expect(orderOf(story.context.candidate)).toBe(8)
    expect(story.context.seen).toEqual(revision(8))
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
  })

  it('does not lose what arrived during a read that fails', () => {
    const story = tellReload().requestReload().change(7).read('failed')
    expect(story.records).toEqual(['1 rejected'])
    expect(story.state).toBe('validating')
    expect(orderOf(story.context.candidate)).toBe(7)
  })
})
