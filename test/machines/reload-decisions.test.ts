import { describe, expect, it } from 'vitest'
import { changed } from './reload-moves.ts'
import { revision } from './walk/moves.ts'
import { startReload } from './reload-story.ts'

const orderOf = (candidate: { readonly revision: { readonly order: number } } | undefined) => candidate?.revision.order

describe('A transaction of the reload machine', () => {
  it('goes through validating, preparing and committing to committed if there is nothing more to do', () => {
    const story = startReload()
    expect(story.state).toBe('resting.idle')
    expect(story.change(1).state).toBe('validating')
    expect(story.validate().state).toBe('applying.preparing')
    expect(story.prepare().state).toBe('applying.committing')
    expect(story.commit().state).toBe('resting.committed')
    expect(story.finished).toEqual([{ epoch: 1, trigger: 'start', outcome: 'committed' }])
    expect(story.called).toEqual(['validateDocument', 'prepareModules', 'commitModules'])
  })

  it('completes and soaks if a compensating module changes and a soak is configured', () => {
    const story = startReload({ soaks: true }).change(1).validate('valid', true).prepare().commit()
    expect(story.state).toBe('applying.completing')
    expect(story.complete().state).toBe('applying.soaking')
    expect(story.records).toEqual([])
    expect(story.soak().state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed'])
  })

  it('forgets a compensating plan before the next transaction', () => {
    const story = startReload().change(1).validate('valid', true).prepare().commit().complete()
    expect(story.serve(2).state).toBe('resting.committed')
  })

  it('calls no module for an invalid document (G4)', () => {
    const story = startReload().serve(1)
    const calls = story.called.length
    expect(story.change(2).validate('invalid').state).toBe('resting.rejected')
    expect(story.records).toEqual(['1 committed', '2 rejected'])
    expect(story.called.slice(calls)).toEqual(['validateDocument'])
  })

  it('rests in committed for a document that changes nothing, and calls no module', () => {
    const story = startReload().serve(1)
    const calls = story.called.length
    expect(story.change(2).validate('unchanged').state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed', '2 unchanged'])
    expect(story.called.slice(calls)).toEqual(['validateDocument'])
  })

  for (const [phase, begin] of [
    ['preparing', () => startReload({ soaks: true }).change(1).validate().prepare('failed')],
    ['committing', () => startReload({ soaks: true }).change(1).validate().prepare().commit('failed')],
    [
      'completing',
      () => startReload({ soaks: true }).change(1).validate('valid', true).prepare().commit().complete('failed'),
    ],
    ['soaking', () => startReload({ soaks: true }).serve(0).change(1).validate().prepare().commit().soak('failed')],
    [
      'a check while it waits for the confirmation',
      () => startReload({ confirms: true }).serve(0).change(1).validate().prepare().commit().failCheck(),
    ],
  ] as const) {
    it(`rolls back if ${phase} fails, and tells the actor that it failed`, () => {
      const story = begin()
      expect(story.state).toBe('rolling-back')
      expect(story.inputOf('rollBackModules')).toEqual({ epoch: story.context.epoch, ending: 'failed' })
      expect(story.rollBack().state).toBe('resting.rolled-back')
      expect(story.finished.at(-1)).toMatchObject({ epoch: story.context.epoch, outcome: 'rolled-back' })
    })
  }

  for (const [actor, begin, rest] of [
    ['readDocument', () => startReload().requestReload(), 'resting.rejected'],
    ['validateDocument', () => startReload().change(1), 'resting.rejected'],
    ['prepareModules', () => startReload().change(1).validate(), 'rolling-back'],
    ['commitModules', () => startReload().change(1).validate().prepare(), 'rolling-back'],
    ['completeModules', () => startReload().change(1).validate('valid', true).prepare().commit(), 'rolling-back'],
    ['soakModules', () => startReload({ soaks: true }).change(1).validate().prepare().commit(), 'rolling-back'],
    [
      'checkModules',
      () => startReload({ confirms: true }).serve(1).change(2).validate().prepare().commit(),
      'rolling-back',
    ],
    ['rollBackModules', () => startReload().change(1).validate().prepare('failed'), 'resting.rolled-back'],
    ['closeModules', () => startReload().close(), 'closed'],
  ] as const) {
    it(`continues if ${actor} rejects, which is reported and treated as a failure`, () => {
      const story = begin().breakActor(actor)
      expect(story.broken).toBe(1)
      expect(story.state).toBe(rest)
    })
  }

  it('answers a reload with a read, and a failed read with rejected', () => {
    const story = startReload().serve(1)
    expect(story.requestReload().state).toBe('fetching')
    expect(story.inputOf('readDocument')).toEqual({ epoch: 2, seen: revision(1) })
    expect(story.read('failed').state).toBe('resting.rejected')
    expect(story.finished.at(-1)).toEqual({ epoch: 2, trigger: 'reload', outcome: 'rejected' })
  })

  it('reads again if a reload is requested during a read, which may have begun too early', () => {
    const story = startReload().requestReload().requestReload().read(1).validate().prepare().commit()
    expect(story.state).toBe('fetching')
    expect(story.read(1).validate('unchanged').state).toBe('resting.committed')
    expect(story.records).toEqual(['1 committed', '2 unchanged'])
  })

  it('has the trigger start until a first commit, then the trigger change', () => {
    const story = startReload().change(1).validate('invalid').change(2).validate().prepare().commit()
    story.change(3).validate('invalid')
    expect(story.finished.map(({ trigger }) => trigger)).toEqual(['start', 'start', 'change'])
  })
})

describe('The order of documents in the reload machine (G12)', () => {
  for (const [what, candidate] of [
    ['a redelivered document', { revision: revision(5) }],
    ['a stale document', { revision: revision(4) }],
    ['the same document at a later order', { revision: revision(9, 'a', 'a5') }],
  ] as const) {
    it(`starts nothing for ${what}, at rest or in a transaction`, () => {
      const story = startReload().serve(5)
      expect(story.send(changed(candidate)).state).toBe('resting.committed')
      story.requestReload().send(changed(candidate)).read(5).validate('unchanged')
      expect(story.records).toEqual(['1 committed', '2 unchanged'])
      expect(story.context.waiting.candidate).toBeUndefined()
    })
  }

  it('treats a document as stale if it is older than a later order of the known one', () => {
    const story = startReload()
      .serve(5)
      .send(changed({ revision: revision(9, 'a', 'a5') }))
    expect(story.change(7).state).toBe('resting.committed')
    expect(story.change(10).state).toBe('validating')
  })

  it('remembers a later order that was reported during a read which finds only the earlier one', () => {
    const story = startReload()
      .serve(5)
      .requestReload()
      .send(changed({ revision: revision(9, 'a', 'a5') }))
    expect(story.read(5).validate('unchanged').context.seen).toEqual(revision(9, 'a', 'a5'))
    expect(story.change(7).state).toBe('resting.committed')
  })

  it('treats an older document as stale even if a newer one is still queued', () => {
    const story = startReload().serve(1).change(2).validate().prepare().change(5).change(4).commit()
    expect(story.state).toBe('validating')
    expect(orderOf(story.context.candidate)).toBe(5)
  })

  it('accepts a document of another lineage, whatever its order', () => {
    const story = startReload()
      .serve(5)
      .send(changed({ revision: revision(1, 'b') }))
    expect(story.state).toBe('validating')
    expect(story.context.seen).toEqual(revision(1, 'b'))
  })

  it('takes the document that arrived during a read if it is newer than the one that was read', () => {
    const story = startReload().requestReload().change(7).read(6)
    expect(orderOf(story.context.candidate)).toBe(7)
    expect(story.validate().prepare().commit().records).toEqual(['1 committed'])
  })

  it('takes the document that was read if another lineage arrived, and reads again because either may be older', () => {
    const story = startReload().serve(5).requestReload()
    story.send(changed({ revision: revision(1, 'b') })).read(6)
    expect(story.context).toMatchObject({ candidate: { revision: revision(6) }, seen: revision(6) })
    expect(story.validate().prepare().commit().state).toBe('fetching')
    expect(story.read(1, 'b').context.candidate?.revision).toEqual(revision(1, 'b'))
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
  })

  it('takes the document that was read if it is newer than the one that arrived', () => {
    const story = startReload().requestReload().change(7).read(8)
    expect(orderOf(story.context.candidate)).toBe(8)
    expect(story.context.seen).toEqual(revision(8))
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
  })

  it('keeps a document that arrived during a failed read', () => {
    const story = startReload().requestReload().change(7).read('failed')
    expect(story.records).toEqual(['1 rejected'])
    expect(story.state).toBe('validating')
    expect(orderOf(story.context.candidate)).toBe(7)
  })
})
