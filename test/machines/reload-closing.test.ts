import { describe, expect, it } from 'vitest'
import { reloadMachine } from '../../machines/index.ts'
import { type ReloadStory, tellReload } from './reload-story.ts'
import { nodesOf, pathOf } from './walk/definition.ts'

interface Close {
  /** The story up to the request. */
  readonly tell: () => ReloadStory
  /** What has to happen between the request and `closing`; nothing where it closes at once. */
  readonly then?: (story: ReloadStory) => ReloadStory
  /** How the running transaction ends; none where none is running. */
  readonly outcome?: string
}

const soaking = () => tellReload({ soaks: true }).change(1).validate('valid', true).prepare()

const closes: Readonly<Record<string, Close>> = {
  'resting.idle': { tell: () => tellReload() },
  'resting.committed': { tell: () => tellReload().serve(1) },
  'resting.rejected': { tell: () => tellReload().change(1).validate('invalid') },
  'resting.rolled-back': { tell: () => tellReload().change(1).validate().prepare('failed').rollBack() },
  'resting.degraded': { tell: () => tellReload().degrade(1) },
  fetching: { tell: () => tellReload().requestReload(), outcome: 'aborted' },
  validating: { tell: () => tellReload().change(1), outcome: 'aborted' },
  'applying.journaling': {
    tell: () => tellReload({ persists: true }).change(1).validateAttempt(),
    outcome: 'aborted',
  },
  'applying.preparing': {
    tell: () => tellReload().change(1).validate(),
    then: (story) => story.rollBack(),
    outcome: 'aborted',
  },
  'applying.committing': {
    tell: () => tellReload().change(1).validate().prepare(),
    then: (story) => story.commit(),
    outcome: 'committed',
  },
  'applying.completing': {
    tell: () => tellReload().change(1).validate('valid', true).prepare().commit(),
    then: (story) => story.complete(),
    outcome: 'committed',
  },
  'applying.soaking': { tell: () => soaking().commit().complete(), outcome: 'aborted' },
  'applying.confirming': {
    tell: () => tellReload({ confirms: true }).serve(1).change(2).validate().prepare().commit(),
    outcome: 'aborted',
  },
  'applying.promoting': {
    tell: () => tellReload({ persists: true }).change(1).validate().prepare().commit(),
    then: (story) => story.promote(),
    outcome: 'committed',
  },
  'rolling-back': {
    tell: () => tellReload().change(1).validate().prepare('failed'),
    then: (story) => story.rollBack(),
    outcome: 'rolled-back',
  },
  closing: { tell: () => tellReload().requestClose() },
}

describe('A close of the reload machine', () => {
  it('is tested in every state that it can come in', () => {
    const states = nodesOf(reloadMachine).filter(({ type }) => type === 'atomic')
    expect(states.map(pathOf).sort()).toEqual(Object.keys(closes).sort())
  })

  for (const [state, { tell, then, outcome }] of Object.entries(closes)) {
    it(`leads from ${state} to closed, with ${outcome === undefined ? 'no record' : `one record: ${outcome}`}`, () => {
      const story = tell()
      expect(story.state).toBe(state)
      const before = story.records.length
      const calls = story.asked.filter(({ src }) => src === 'closeModules').length
      story.requestClose()
      if (then !== undefined) {
        expect(story.state).not.toBe('closing')
        then(story)
      }
      expect(story.state).toBe('closing')
      expect(story.records.slice(before)).toEqual(outcome === undefined ? [] : [`${story.context.epoch} ${outcome}`])
      expect(story.finishClosing().state).toBe('closed')
      expect(story.snapshot.status).toBe('done')
      expect(story.records.slice(before)).toHaveLength(outcome === undefined ? 0 : 1)
      expect(story.asked.filter(({ src }) => src === 'closeModules')).toHaveLength(state === 'closing' ? calls : 1)
    })
  }

  it('gives no verdict in a soak: what serves is not promoted', () => {
    const story = soaking().commit().complete().requestClose()
    expect(story.context.hasServed).toBe(false)
    expect(story.records).toEqual(['1 aborted'])
  })

  it('does not begin a soak, where it came in the tick', () => {
    const story = soaking().requestClose().commit().complete()
    expect(story.state).toBe('closing')
    expect(story.records).toEqual(['1 aborted'])
  })

  it('comes before a waiting document and a waiting read', () => {
    const story = tellReload().change(1).validate().prepare().change(2).requestReload().requestClose().commit()
    expect(story.state).toBe('closing')
    expect(story.records).toEqual(['1 committed'])
  })

  it('comes before a revert that waits', () => {
    const story = tellReload().serve(1).change(2).validate().prepare().requestRevert().requestClose().commit()
    expect(story.state).toBe('closing')
    expect(story.records).toEqual(['1 committed', '2 committed'])
  })

  it('calls no module where it came while the attempt was noted', () => {
    const story = tellReload({ persists: true }).change(1).validateAttempt().requestClose()
    expect(story.asked.map(({ src }) => src)).toEqual(['validateDocument', 'journalAttempt', 'closeModules'])
  })

  it('starts no repair', () => {
    const story = tellReload().change(1).validate().prepare('failed').requestClose().rollBack(['db'])
    expect(story.state).toBe('closing')
    expect(story.settleModule().state).toBe('closing')
  })

  it('lets what arrives while it closes, and after, start nothing', () => {
    const story = tellReload().serve(1).requestClose().change(2).requestReload().requestClose()
    expect(story.state).toBe('closing')
    expect(story.finishClosing().change(3).requestReload().settleModule().requestClose().state).toBe('closed')
    expect(story.records).toEqual(['1 committed'])
  })
})
