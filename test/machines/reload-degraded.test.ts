import { describe, expect, it } from 'vitest'
import { revision } from './reload-moves.ts'
import { tellReload } from './reload-story.ts'

describe('The reload machine, degraded', () => {
  it('rests in degraded where a swap back failed, and names the modules', () => {
    const story = tellReload().serve(1).degrade(2, ['db'])
    expect(story.state).toBe('resting.degraded')
    expect(story.context.degraded).toEqual(['db'])
    expect(story.records).toEqual(['1 committed', '2 degraded'])
  })

  it('says degraded of a superseded and of an aborted transaction too, where its swap back failed', () => {
    const superseded = tellReload().serve(1).change(2).validate().change(3).rollBack(['db'])
    expect(superseded.records).toEqual(['1 committed', '2 degraded'])
    expect(superseded.state).toBe('validating')
    const aborted = tellReload().serve(1).change(2).validate().requestClose().rollBack(['db'])
    expect(aborted.records).toEqual(['1 committed', '2 degraded'])
    expect(aborted.state).toBe('closing')
  })

  it('stays degraded through a rejected transaction', () => {
    const story = tellReload().serve(1).degrade(2).change(3).validate('invalid')
    expect(story.state).toBe('resting.degraded')
    expect(story.context.degraded).toEqual(['db'])
    expect(story.records.at(-1)).toBe('3 rejected')
  })

  it('stays degraded through a read that failed', () => {
    expect(tellReload().serve(1).degrade(2).requestReload().read('failed').state).toBe('resting.degraded')
  })

  it('stays degraded through a transaction that was rolled back, and names every module that differs, once', () => {
    const story = tellReload().serve(1).degrade(2, ['db']).change(3).validate().prepare('failed').rollBack()
    expect(story.state).toBe('resting.degraded')
    expect(story.records.at(-1)).toBe('3 rolled-back')
    story.change(4).validate().prepare('failed').rollBack(['cache', 'db'])
    expect(story.context.degraded).toEqual(['db', 'cache'])
  })

  it('stays degraded through a superseded transaction', () => {
    const story = tellReload().serve(1).degrade(2).change(3).validate().change(4).rollBack().validate('invalid')
    expect(story.state).toBe('resting.degraded')
    expect(story.context.degraded).toEqual(['db'])
  })

  it('repairs after a backoff, without a document, and tells the plan what to repair', () => {
    const story = tellReload().serve(1).degrade(2).elapseBackoff()
    expect(story.state).toBe('validating')
    expect(story.inputOf('validateDocument')).toEqual({
      epoch: 3,
      trigger: 'repair',
      candidate: undefined,
      degraded: ['db'],
      soakFailed: false,
    })
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
    expect(story.concluded.at(-1)).toEqual({ epoch: 3, trigger: 'repair', outcome: 'committed' })
    expect(story.context).toMatchObject({ degraded: [], repairs: 0 })
  })

  it('repairs at once where a given-up apply has settled', () => {
    const story = tellReload().serve(1).degrade(2).settleModule()
    expect(story.state).toBe('validating')
    expect(story.context).toMatchObject({ trigger: 'repair', candidate: undefined, repairs: 1 })
  })

  it('counts repairs that do not help, so that the backoff grows, until a commit holds', () => {
    const story = tellReload().serve(1).degrade(2)
    for (const repairs of [1, 2, 3]) {
      story.elapseBackoff()
      expect(story.context.repairs).toBe(repairs)
      story.validate().prepare('failed').rollBack(['db'])
      expect(story.state).toBe('resting.degraded')
    }
    expect(story.serve(3).context.repairs).toBe(0)
  })

  it('lets a settled module start nothing where nothing is degraded', () => {
    const story = tellReload().serve(1).settleModule()
    expect(story.state).toBe('resting.committed')
    expect(story.change(2).settleModule().state).toBe('validating')
  })

  it('is whole again after a newer document commits', () => {
    const story = tellReload().serve(1).degrade(2).serve(3)
    expect(story.state).toBe('resting.committed')
    expect(story.context.degraded).toEqual([])
  })
})

describe('The first start of the reload machine', () => {
  it('is over with the first commit that holds', () => {
    expect(tellReload().change(1).validate().prepare().commit().context.hasServed).toBe(true)
    expect(tellReload({ soaks: true }).change(1).validate().prepare().commit().context.hasServed).toBe(false)
  })

  it('rests in rolled-back where a module fails: nothing serves', () => {
    const story = tellReload().change(1).validate().prepare('failed').rollBack()
    expect(story.state).toBe('resting.rolled-back')
    expect(story.context.hasServed).toBe(false)
  })

  it('keeps serving where the soak fails and there is nothing to return to: degraded, not promoted', () => {
    const story = tellReload({ soaks: true }).change(1).validate().prepare().commit().soak('failed')
    expect(story.state).toBe('resting.degraded')
    expect(story.context).toMatchObject({ soakFailed: true, hasServed: false, degraded: [] })
    expect(story.records).toEqual(['1 degraded'])
    expect(story.asked.map(({ src }) => src)).not.toContain('rollBackModules')
  })

  it('goes on checking what it could not prove, and promotes it once it passes', () => {
    const story = tellReload({ soaks: true }).change(1).validate().prepare().commit().soak('failed').elapseBackoff()
    expect(story.inputOf('validateDocument')).toMatchObject({ candidate: undefined, soakFailed: true })
    expect(story.validate().prepare().commit().soak('failed').state).toBe('resting.degraded')
    expect(story.elapseBackoff().validate().prepare().commit().soak().state).toBe('resting.committed')
    expect(story.context).toMatchObject({ soakFailed: false, hasServed: true })
    expect(story.records).toEqual(['1 degraded', '2 degraded', '3 committed'])
  })

  it('stays degraded, soakFailed, through a rejected document', () => {
    const story = tellReload({ soaks: true }).change(1).validate().prepare().commit().soak('failed')
    expect(story.change(2).validate('invalid').state).toBe('resting.degraded')
    expect(story.context.seen).toEqual(revision(2))
  })
})
