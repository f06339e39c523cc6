import { describe, expect, it } from 'vitest'
import { revision } from './walk/moves.ts'
import { startReload } from './reload-story.ts'

describe('The reload machine, degraded', () => {
  it('rests in degraded if a rollback failed, and names the modules', () => {
    const story = startReload().serve(1).degrade(2, ['db'])
    expect(story.state).toBe('resting.degraded')
    expect(story.context.degraded).toEqual(['db'])
    expect(story.records).toEqual(['1 committed', '2 degraded'])
  })

  it('ends a superseded and an aborted transaction as degraded too, if its rollback failed', () => {
    const superseded = startReload().serve(1).change(2).validate().change(3).rollBack(['db'])
    expect(superseded.records).toEqual(['1 committed', '2 degraded'])
    expect(superseded.state).toBe('validating')
    const aborted = startReload().serve(1).change(2).validate().close().rollBack(['db'])
    expect(aborted.records).toEqual(['1 committed', '2 degraded'])
    expect(aborted.state).toBe('closing')
  })

  it('stays degraded through a rejected transaction', () => {
    const story = startReload().serve(1).degrade(2).change(3).validate('invalid')
    expect(story.state).toBe('resting.degraded')
    expect(story.context.degraded).toEqual(['db'])
    expect(story.records.at(-1)).toBe('3 rejected')
  })

  it('stays degraded through a failed read', () => {
    expect(startReload().serve(1).degrade(2).requestReload().read('failed').state).toBe('resting.degraded')
  })

  it('stays degraded through a rolled-back transaction, and names every module that differs once', () => {
    const story = startReload().serve(1).degrade(2, ['db']).change(3).validate().prepare('failed').rollBack()
    expect(story.state).toBe('resting.degraded')
    expect(story.records.at(-1)).toBe('3 rolled-back')
    story.change(4).validate().prepare('failed').rollBack(['cache', 'db'])
    expect(story.context.degraded).toEqual(['db', 'cache'])
  })

  it('stays degraded through a superseded transaction', () => {
    const story = startReload().serve(1).degrade(2).change(3).validate().change(4).rollBack().validate('invalid')
    expect(story.state).toBe('resting.degraded')
    expect(story.context.degraded).toEqual(['db'])
  })

  it('repairs after a back-off, without a document, and tells the plan what to repair', () => {
    const story = startReload().serve(1).degrade(2).elapse('repairBackoff')
    expect(story.state).toBe('validating')
    expect(story.inputOf('validateDocument')).toEqual({
      epoch: 3,
      trigger: 'repair',
      candidate: undefined,
      degraded: ['db'],
      soakFailed: false,
    })
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
    expect(story.finished.at(-1)).toEqual({ epoch: 3, trigger: 'repair', outcome: 'committed' })
    expect(story.context).toMatchObject({ degraded: [], repairs: 0 })
  })

  it('repairs at once if an abandoned apply has settled', () => {
    const story = startReload().serve(1).degrade(2).settleModule()
    expect(story.state).toBe('validating')
    expect(story.context).toMatchObject({ trigger: 'repair', candidate: undefined, repairs: 1 })
  })

  it('counts repairs that do not help, so that the back-off grows, until a commit', () => {
    const story = startReload().serve(1).degrade(2)
    for (const repairs of [1, 2, 3]) {
      story.elapse('repairBackoff')
      expect(story.context.repairs).toBe(repairs)
      story.validate().prepare('failed').rollBack(['db'])
      expect(story.state).toBe('resting.degraded')
    }
    expect(story.serve(3).context.repairs).toBe(0)
  })

  it('ignores a settled module if nothing is degraded', () => {
    const story = startReload().serve(1).settleModule()
    expect(story.state).toBe('resting.committed')
    expect(story.change(2).settleModule().state).toBe('validating')
  })

  it('is sound again after a newer document commits', () => {
    const story = startReload().serve(1).degrade(2).serve(3)
    expect(story.state).toBe('resting.committed')
    expect(story.context.degraded).toEqual([])
  })
})

describe('The first start of the reload machine', () => {
  it('is over with the first commit', () => {
    expect(startReload().change(1).validate().prepare().commit().context.hasServed).toBe(true)
    expect(startReload({ soaks: true }).change(1).validate().prepare().commit().context.hasServed).toBe(false)
  })

  it('rests in rolled-back if a module fails, and nothing serves', () => {
    const story = startReload().change(1).validate().prepare('failed').rollBack()
    expect(story.state).toBe('resting.rolled-back')
    expect(story.context.hasServed).toBe(false)
  })

  it('keeps serving if the soak fails and there is nothing to return to: degraded, not promoted', () => {
    const story = startReload({ soaks: true }).change(1).validate().prepare().commit().soak('failed')
    expect(story.state).toBe('resting.degraded')
    expect(story.context).toMatchObject({ soakFailed: true, hasServed: false, degraded: [] })
    expect(story.records).toEqual(['1 degraded'])
    expect(story.called).not.toContain('rollBackModules')
  })

  it('keeps checking a config that failed its soak, and promotes it once it passes', () => {
    const story = startReload({ soaks: true })
      .change(1)
      .validate()
      .prepare()
      .commit()
      .soak('failed')
      .elapse('repairBackoff')
    expect(story.inputOf('validateDocument')).toMatchObject({ candidate: undefined, soakFailed: true })
    expect(story.validate().prepare().commit().soak('failed').state).toBe('resting.degraded')
    expect(story.elapse('repairBackoff').validate().prepare().commit().soak().state).toBe('resting.committed')
    expect(story.context).toMatchObject({ soakFailed: false, hasServed: true })
    expect(story.records).toEqual(['1 degraded', '2 degraded', '3 committed'])
  })

  it('stays degraded through a rejected document after a failed soak', () => {
    const story = startReload({ soaks: true }).change(1).validate().prepare().commit().soak('failed')
    expect(story.change(2).validate('invalid').state).toBe('resting.degraded')
    expect(story.context.seen).toEqual(revision(2))
  })
})
