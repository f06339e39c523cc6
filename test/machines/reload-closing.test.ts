import { describe, expect, it } from 'vitest'
import { reloadMachine } from '../../machines/index.ts'
import { type ReloadStory, startReload } from './reload-story.ts'
import { nodesOf, pathOf } from './walk/definition.ts'

interface Close {
  /** Plays the story up to the request. */
  readonly begin: () => ReloadStory
  /** Plays what must happen between the request and `closing`; absent if it closes at once. */
  readonly proceed?: (story: ReloadStory) => ReloadStory
  /** The outcome of the running transaction; absent if none is running. */
  readonly outcome?: string
}

const soaking = () => startReload({ soaks: true }).change(1).validate('valid', true).prepare()

const closes: Readonly<Record<string, Close>> = {
  'resting.idle': { begin: () => startReload() },
  'resting.committed': { begin: () => startReload().serve(1) },
  'resting.rejected': { begin: () => startReload().change(1).validate('invalid') },
  'resting.rolled-back': { begin: () => startReload().change(1).validate().prepare('failed').rollBack() },
  'resting.degraded': { begin: () => startReload().degrade(1) },
  fetching: { begin: () => startReload().requestReload(), outcome: 'aborted' },
  validating: { begin: () => startReload().change(1), outcome: 'aborted' },
  'applying.journaling': {
    begin: () => startReload({ persists: true }).change(1).validateAttempt(),
    outcome: 'aborted',
  },
  'applying.preparing': {
    begin: () => startReload().change(1).validate(),
    proceed: (story) => story.rollBack(),
    outcome: 'aborted',
  },
  'applying.committing': {
    begin: () => startReload().change(1).validate().prepare(),
    proceed: (story) => story.commit(),
    outcome: 'committed',
  },
  'applying.completing': {
    begin: () => startReload().change(1).validate('valid', true).prepare().commit(),
    proceed: (story) => story.complete(),
    outcome: 'committed',
  },
  'applying.soaking': { begin: () => soaking().commit().complete(), outcome: 'aborted' },
  'applying.trying': {
    begin: () => startReload().serve(1).offerTrial().validate().prepare().commit(),
    outcome: 'aborted',
  },
  'applying.confirming': {
    begin: () => startReload({ confirms: true }).serve(1).change(2).validate().prepare().commit(),
    outcome: 'aborted',
  },
  'applying.promoting': {
    begin: () => startReload({ persists: true }).change(1).validate().prepare().commit(),
    proceed: (story) => story.promote(),
    outcome: 'committed',
  },
  'rolling-back': {
    begin: () => startReload().change(1).validate().prepare('failed'),
    proceed: (story) => story.rollBack(),
    outcome: 'rolled-back',
  },
  closing: { begin: () => startReload().close() },
}

describe('A close of the reload machine', () => {
  it('is tested in every state in which it can arrive', () => {
    const states = nodesOf(reloadMachine).filter(({ type }) => type === 'atomic')
    expect(states.map(pathOf).sort()).toEqual(Object.keys(closes).sort())
  })

  for (const [state, { begin, proceed, outcome }] of Object.entries(closes)) {
    it(`leads from ${state} to closed, with ${outcome === undefined ? 'no record' : `one record: ${outcome}`}`, () => {
      const story = begin()
      expect(story.state).toBe(state)
      const before = story.records.length
      const calls = story.called.filter((src) => src === 'closeModules').length
      story.close()
      if (proceed !== undefined) {
        expect(story.state).not.toBe('closing')
        proceed(story)
      }
      expect(story.state).toBe('closing')
      expect(story.records.slice(before)).toEqual(outcome === undefined ? [] : [`${story.context.epoch} ${outcome}`])
      expect(story.finishClosing().state).toBe('closed')
      expect(story.snapshot.status).toBe('done')
      expect(story.records.slice(before)).toHaveLength(outcome === undefined ? 0 : 1)
      expect(story.called.filter((src) => src === 'closeModules')).toHaveLength(state === 'closing' ? calls : 1)
    })
  }

  it('ends a soak without a verdict, so what serves is not promoted', () => {
    const story = soaking().commit().complete().close()
    expect(story.context.hasServed).toBe(false)
    expect(story.records).toEqual(['1 aborted'])
  })

  it('starts no soak if it arrives during the commit', () => {
    const story = soaking().close().commit().complete()
    expect(story.state).toBe('closing')
    expect(story.records).toEqual(['1 aborted'])
  })

  it('runs before a queued document and a queued read', () => {
    const story = startReload().change(1).validate().prepare().change(2).requestReload().close().commit()
    expect(story.state).toBe('closing')
    expect(story.records).toEqual(['1 committed'])
  })

  it('runs before a queued revert', () => {
    const story = startReload().serve(1).change(2).validate().prepare().requestRevert().close().commit()
    expect(story.state).toBe('closing')
    expect(story.records).toEqual(['1 committed', '2 committed'])
  })

  it('prevents every module call if it arrives while the attempt is journaled', () => {
    const story = startReload({ persists: true }).change(1).validateAttempt().close()
    expect(story.called).toEqual(['validateDocument', 'journalAttempt', 'closeModules'])
  })

  it('starts no repair', () => {
    const story = startReload().change(1).validate().prepare('failed').close().rollBack(['db'])
    expect(story.state).toBe('closing')
    expect(story.settleModule().state).toBe('closing')
  })

  it('ignores what arrives while it closes and afterwards', () => {
    const story = startReload().serve(1).close().change(2).requestReload().close()
    expect(story.state).toBe('closing')
    expect(story.finishClosing().change(3).requestReload().settleModule().close().state).toBe('closed')
    expect(story.records).toEqual(['1 committed'])
  })
})
