import { describe, expect, it } from 'vitest'
import { revision } from './walk/moves.ts'
import { type ReloadStory, startReload } from './reload-story.ts'

const lastTried = (story: ReloadStory) => story.inputOf('validateDocument')

describe('A document that the reload machine could not try', () => {
  const busy = () => startReload().serve(1).change(2).validate().prepare('failed')
  const untried = () => busy().rollBack([], 'settled')

  it('is kept if a module was still busy, while the config before keeps serving', () => {
    const story = untried()
    expect(story.state).toBe('resting.rolled-back')
    expect(story.context.untried).toEqual({ candidate: { revision: revision(2) }, until: 'settled' })
  })

  it('is tried once the module has settled', () => {
    const story = untried().settleModule()
    expect(lastTried(story)).toMatchObject({ epoch: 3, trigger: 'repair', candidate: { revision: revision(2) } })
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
    expect(story.context.untried).toBeUndefined()
    expect(story.settleModule().state).toBe('resting.committed')
  })

  it('is tried if the module settled during the rollback', () => {
    const story = busy().settleModule()
    expect(story.state).toBe('rolling-back')
    expect(story.rollBack([], 'settled').state).toBe('validating')
    expect(lastTried(story)).toMatchObject({ epoch: 3, trigger: 'repair', candidate: { revision: revision(2) } })
  })

  it('is tried only once for that', () => {
    const story = busy().settleModule().rollBack([], 'settled').validate().prepare('failed').rollBack([], 'settled')
    expect(story.state).toBe('resting.rolled-back')
    expect(story.context.untried?.until).toBe('settled')
  })

  it('is tried if the module settled during a read that then fails', () => {
    const story = untried().requestReload().settleModule().read('failed')
    expect(story.state).toBe('validating')
    expect(lastTried(story)).toMatchObject({ candidate: { revision: revision(2) } })
  })

  it('is tried if the module settled before a read that then fails', () => {
    const story = busy().settleModule().requestReload().rollBack([], 'settled')
    expect(story.state).toBe('fetching')
    expect(story.read('failed').state).toBe('validating')
    expect(lastTried(story)).toMatchObject({ trigger: 'repair', candidate: { revision: revision(2) } })
  })

  it('is also tried by a repair, if modules are degraded as well', () => {
    const story = busy().rollBack(['db'], 'settled').elapse('repairBackoff')
    expect(lastTried(story)).toMatchObject({ epoch: 3, candidate: { revision: revision(2) } })
  })

  it('is also tried by a retry', () => {
    const story = untried().requestRetry()
    expect(lastTried(story)).toMatchObject({ epoch: 3, trigger: 'retry', candidate: { revision: revision(2) } })
  })

  it('is replaced by a newer document', () => {
    const story = untried().change(3)
    expect(story.context.untried).toBeUndefined()
    expect(story.validate('invalid').settleModule().state).toBe('resting.rejected')
  })

  it('is kept during a read that fails', () => {
    const story = untried().requestReload().read('failed')
    expect(story.state).toBe('resting.rejected')
    expect(story.settleModule().state).toBe('validating')
    expect(lastTried(story)).toMatchObject({ epoch: 4, candidate: { revision: revision(2) } })
  })

  it('is replaced by what a read finds', () => {
    const story = untried().requestReload().read(2)
    expect(story.context.untried).toBeUndefined()
    expect(story.validate('invalid').settleModule().state).toBe('resting.rejected')
  })

  it('is not kept if it was itself at fault', () => {
    const story = busy().rollBack()
    expect(story.settleModule().state).toBe('resting.rolled-back')
  })
})

describe('A quarantined document in the reload machine', () => {
  const quarantined = () => startReload().serve(1).change(2).quarantine()

  it('is tried again when its quarantine expires, under a trigger of its own', () => {
    expect(lastTried(quarantined().expireQuarantine())).toMatchObject({ trigger: 'quarantine-expired' })
  })

  it('is tried when the transaction ends if its quarantine expired meanwhile, and as a retry if one was requested too', () => {
    const expired = quarantined().requestReload().expireQuarantine().read('failed')
    expect(lastTried(expired)).toMatchObject({ trigger: 'quarantine-expired' })
    for (const both of [
      quarantined().requestReload().requestRetry().expireQuarantine(),
      quarantined().requestReload().expireQuarantine().requestRetry(),
    ]) {
      expect(lastTried(both.read('failed'))).toMatchObject({ trigger: 'retry' })
    }
  })

  it('is rejected, calls no module, and is kept untried', () => {
    const story = quarantined()
    expect(story.state).toBe('resting.rejected')
    expect(story.records).toEqual(['1 committed', '2 rejected'])
    expect(story.context.untried).toEqual({ candidate: { revision: revision(2) }, until: 'released' })
    expect(story.called.filter((src) => src === 'prepareModules')).toHaveLength(1)
  })

  it('is also kept untried if it is quarantined for the failure just now', () => {
    const story = startReload().serve(1).change(2).validate().prepare('failed').rollBack([], 'released')
    expect(story.state).toBe('resting.rolled-back')
    expect(story.context.untried).toEqual({ candidate: { revision: revision(2) }, until: 'released' })
  })

  it('is tried again when its quarantine ends, by a transaction with the trigger retry', () => {
    const story = quarantined().requestRetry()
    expect(story.state).toBe('validating')
    expect(lastTried(story)).toMatchObject({ epoch: 3, trigger: 'retry', candidate: { revision: revision(2) } })
    expect(story.context.untried).toBeUndefined()
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
    expect(story.finished.at(-1)).toEqual({ epoch: 3, trigger: 'retry', outcome: 'committed' })
  })

  it('is kept again if the retry finds it still quarantined', () => {
    expect(quarantined().requestRetry().quarantine().context.untried?.until).toBe('released')
  })

  it('is tried if its quarantine ended while it was being rejected', () => {
    const story = startReload().serve(1).change(2).requestRetry().quarantine()
    expect(story.state).toBe('validating')
    expect(story.context.trigger).toBe('retry')
    expect(story.records).toEqual(['1 committed', '2 rejected'])
  })

  it('is tried if its quarantine ended, even though a module settled after that', () => {
    expect(startReload().serve(1).change(2).requestRetry().settleModule().quarantine().state).toBe('validating')
  })

  it('is not tried for a retry that was requested before a read found it', () => {
    const story = quarantined().requestReload().requestRetry().read(3).quarantine()
    expect(story.state).toBe('resting.rejected')
    expect(story.context.untried?.candidate.revision).toEqual(revision(3))
  })

  it('is tried if its quarantine ended during a repair', () => {
    const story = startReload().serve(1).degrade(2).change(3).quarantine().elapse('repairBackoff').requestRetry()
    expect(story.validate().prepare().commit().state).toBe('validating')
    expect(lastTried(story)).toMatchObject({ trigger: 'retry', candidate: { revision: revision(3) } })
  })

  it('is not tried for a retry that was requested for another document', () => {
    const story = startReload().serve(1).change(2).requestRetry().change(3).validate().quarantine()
    expect(story.state).toBe('resting.rejected')
    expect(story.context.untried?.candidate.revision).toEqual(revision(3))
  })

  it('is not tried because a module has settled', () => {
    expect(quarantined().settleModule().state).toBe('resting.rejected')
    expect(startReload().serve(1).change(2).settleModule().quarantine().state).toBe('resting.rejected')
    const degraded = startReload().serve(1).degrade(2).change(3).quarantine().settleModule()
    expect(lastTried(degraded)).toMatchObject({ trigger: 'repair', candidate: undefined })
  })

  it('is never tried by a repair, and is kept if the repair succeeds', () => {
    const story = startReload().serve(1).degrade(2).change(3).quarantine().elapse('repairBackoff')
    expect(lastTried(story)).toMatchObject({ trigger: 'repair', candidate: undefined })
    expect(story.validate().prepare().commit().state).toBe('resting.committed')
    expect(story.context.untried?.candidate.revision).toEqual(revision(3))
    expect(story.requestRetry().state).toBe('validating')
  })

  for (const untried of [undefined, 'settled', 'released'] as const) {
    it(`is kept if a repair fails (${untried ?? 'nothing'} to try again)`, () => {
      const story = startReload().serve(1).degrade(2).change(3).quarantine().elapse('repairBackoff')
      story.validate().prepare('failed').rollBack(['db'], untried)
      expect(story.state).toBe('resting.degraded')
      expect(story.context.untried).toEqual({ candidate: { revision: revision(3) }, until: 'released' })
    })
  }

  it('leaves a repair of what is degraded to the back-off, and to a queued item if there is one', () => {
    expect(startReload().serve(1).degrade(2).change(3).quarantine().state).toBe('resting.degraded')
    const reverting = startReload().serve(1).degrade(2).change(3).requestRevert().quarantine()
    expect(reverting.context.trigger).toBe('revert')
  })

  it('does not make a reload repair if a newer document is queued', () => {
    const story = startReload().serve(1).degrade(2).requestReload().read(3)
    for (const order of [4, 5, 6]) story.change(order).validate()
    expect(story.change(7).quarantine().context).toMatchObject({ trigger: 'change', epoch: 4 })
  })

  it('is replaced by a newer document', () => {
    const story = quarantined().change(3).validate('invalid').requestRetry()
    expect(story.state).toBe('resting.rejected')
    expect(story.context.untried).toBeUndefined()
  })

  it('is not awaited if nothing is quarantined', () => {
    expect(startReload().serve(1).requestRetry().state).toBe('resting.committed')
    const story = startReload().serve(1).requestRetry().requestReload().read(2).quarantine()
    expect(story.state).toBe('resting.rejected')
  })
})
