import { describe, expect, it } from 'vitest'
import { watchMachine } from '../../machines/index.ts'
import { revision } from './walk/moves.ts'
import { nodesOf, pathOf } from './walk/definition.ts'
import { startWatch, type WatchStory } from './watch-story.ts'

describe('The watch machine, while all goes well', () => {
  it('reads first, and watches from the revision it has read', () => {
    const story = startWatch()
    expect([story.state, story.called]).toEqual(['connecting', ['readSource']])
    expect(story.read(5).state).toBe('following.opening')
    expect(story.delivered).toEqual(['a5'])
    expect(story.watchedAfter).toEqual(revision(5))
  })

  it('reads again once the stream is open, because changes made in between are not announced', () => {
    const story = startWatch().read(5).open()
    expect(story.state).toBe('following.re-reading')
    expect(story.read(6).state).toBe('following.watching')
    expect(story.delivered).toEqual(['a5', 'a6'])
    expect(story.context.seen).toEqual(revision(6))
  })

  it('reads again whenever a source reports that it opened, even for an internal reconnect', () => {
    expect(startWatch().follow(1).open().state).toBe('following.re-reading')
  })

  it('reads after a change without content', () => {
    const story = startWatch().follow(1).announce()
    expect(story.state).toBe('following.re-reading')
    expect(story.read(2).delivered).toEqual(['a1', 'a1', 'a2'])
  })

  it('delivers a document that the stream carries, without a read', () => {
    const story = startWatch().follow(1)
    const { reads } = story
    expect(story.report(2).state).toBe('following.watching')
    expect(story.delivered.at(-1)).toBe('a2')
    expect(story.reads).toBe(reads)
  })

  it('delivers only newer documents, but notes a later order of the known one (G12)', () => {
    const story = startWatch().follow(5)
    const count = story.delivered.length
    story.report(5).report(4).report(9, 'a', 'a5').report(8)
    expect(story.delivered).toHaveLength(count)
    expect(story.context.seen).toEqual(revision(9, 'a', 'a5'))
  })

  it('delivers what the stream reports before it is open', () => {
    const story = startWatch().read(1).report(2)
    expect([story.state, story.delivered]).toEqual(['following.opening', ['a1', 'a2']])
  })

  it('delivers what the stream reports during a read', () => {
    const story = startWatch().read(1).open().report(3)
    expect([story.state, story.delivered.at(-1)]).toEqual(['following.re-reading', 'a3'])
    expect(story.read(2).context.seen).toEqual(revision(3))
  })

  for (const [what, report] of [
    ['a change', (story: WatchStory) => story.announce()],
    ['an opening', (story: WatchStory) => story.open()],
    ['a document of another lineage', (story: WatchStory) => story.report(1, 'b')],
  ] as const) {
    it(`lets a read finish and reads once more if ${what} is reported during it`, () => {
      const story = startWatch().read(1).open()
      const { reads } = story
      report(report(story))
      expect([story.state, story.reads]).toEqual(['following.re-reading', reads])
      expect([story.read(1).state, story.reads]).toEqual(['following.re-reading', reads + 1])
      expect([story.read(2).state, story.reads]).toEqual(['following.watching', reads + 1])
    })
  }

  it('verifies a silent stream by a read after each interval', () => {
    const story = startWatch().follow(1).elapse('reconcileInterval')
    expect(story.state).toBe('following.re-reading')
    expect(story.read(2).state).toBe('following.watching')
    expect(story.delivered.at(-1)).toBe('a2')
    expect(story.elapse('reconcileInterval').state).toBe('following.re-reading')
  })
})

describe('The watch machine and another lineage', () => {
  it('reads instead of delivering what the stream reports', () => {
    for (const begin of [() => startWatch().read(5), () => startWatch().follow(5)]) {
      const story = begin()
      const { delivered } = story
      expect(story.report(9, 'b').state).toBe('following.re-reading')
      expect(story.delivered).toEqual(delivered)
      expect(story.context.seen?.lineage).toBe('a')
    }
  })

  it('delivers the document that a read finds, and opens a new stream from there', () => {
    const story = startWatch().follow(5).announce().read(2, 'b')
    expect([story.state, story.delivered.at(-1)]).toEqual(['following.opening', 'b2'])
    expect([story.watchedAfter, story.context.seen]).toEqual([revision(2, 'b'), revision(2, 'b')])
    expect(story.open().read(2, 'b').state).toBe('following.watching')
  })
})

describe('The watch machine, when the source fails', () => {
  const following = () => startWatch().follow(1)
  const breaks: readonly (readonly [string, () => WatchStory, string])[] = [
    ['the first read fails', () => startWatch().failRead('source.denied'), 'source.denied'],
    ['the first read rejects', () => startWatch().breakActor('readSource'), 'source.failed'],
    ['the stream breaks before it opens', () => startWatch().read(1).breakStream(), 'source.unreachable'],
    ['the stream does not open in time', () => startWatch().read(1).elapse('openDeadline'), 'source.timeout'],
    ['the stream breaks', () => following().breakStream('source.denied'), 'source.denied'],
    ['the stream breaks during a read', () => following().announce().breakStream(), 'source.unreachable'],
    ['the stream rejects', () => following().breakActor('watchSource'), 'source.failed'],
    ['a later read fails', () => following().announce().failRead(), 'source.unreachable'],
    ['a later read rejects', () => following().announce().breakActor('readSource'), 'source.failed'],
    [
      'the read after a compaction fails',
      () => following().breakStream('source.compacted').failRead(),
      'source.unreachable',
    ],
    [
      'the read after a compaction rejects',
      () => following().breakStream('source.compacted').breakActor('readSource'),
      'source.failed',
    ],
  ]
  for (const [what, begin, cause] of breaks) {
    it(`backs off if ${what}, notes the cause, ends the stream, and reads again`, () => {
      const story = begin()
      expect([story.state, story.isWatching]).toEqual(['backing-off', false])
      expect(story.context).toMatchObject({ cause, attempts: 1 })
      expect(story.broken).toBe(what.includes('rejects') ? 1 : 0)
      expect(story.elapse('backoff').state).toBe('connecting')
      expect(story.context.cause).toBe(cause)
    })
  }

  it('counts attempts until a verified watch has stayed open for a while, and not only until it opens', () => {
    const story = startWatch().failRead().elapse('backoff').failRead().elapse('backoff')
    expect(story.context.attempts).toBe(2)
    expect(story.read(1).context.attempts).toBe(2)
    expect(story.breakStream().context.attempts).toBe(3)
    expect(story.elapse('backoff').read(1).open().report(2).context.attempts).toBe(3)
    expect(story.failRead().context.attempts).toBe(4)
    expect(story.elapse('backoff').follow(2).context).toMatchObject({ attempts: 4, cause: undefined })
    expect(story.breakStream().context.attempts).toBe(5)
    expect(story.elapse('backoff').follow(2).elapse('steadyAfter').state).toBe('following.watching')
    expect(story.context.attempts).toBe(0)
  })

  it('does not consider a watch steady before a read has verified it', () => {
    const story = startWatch().failRead().elapse('backoff').read(1).open()
    expect(story.elapse('steadyAfter').state).toBe('following.re-reading')
    expect(story.context.attempts).toBe(1)
  })

  it('considers a watch steady even if the source keeps announcing changes', () => {
    const story = startWatch().failRead().elapse('backoff').follow(1).announce()
    expect(story.elapse('steadyAfter').state).toBe('following.re-reading')
    expect(story.context.attempts).toBe(0)
  })

  it('reads at once after a compaction, and watches from there', () => {
    const story = startWatch().follow(1).breakStream('source.compacted')
    expect(story.state).toBe('compacted')
    expect(story.called.at(-1)).toBe('readSource')
    expect(story.context).toMatchObject({ cause: 'source.compacted', attempts: 0 })
    expect(story.read(7).state).toBe('following.opening')
    expect([story.watchedAfter, story.delivered.at(-1)]).toEqual([revision(7), 'a7'])
  })

  it('backs off at the second consecutive compaction, but not at one after a steady watch', () => {
    const story = startWatch().follow(1).breakStream('source.compacted').read(2).breakStream('source.compacted')
    expect(story.state).toBe('backing-off')
    expect(story.context).toMatchObject({ cause: 'source.compacted', attempts: 1 })
    story.elapse('backoff').follow(3).elapse('steadyAfter')
    expect(story.breakStream('source.compacted').state).toBe('compacted')
  })

  it('delivers nothing that a broken stream still reports', () => {
    const story = startWatch().follow(1).breakStream()
    const { delivered } = story
    expect(story.report(2).announce().open().breakStream().state).toBe('backing-off')
    expect([story.delivered, story.context.attempts]).toEqual([delivered, 1])
  })
})

describe('A close of the watch machine', () => {
  const states: Readonly<Record<string, () => WatchStory>> = {
    connecting: () => startWatch(),
    'following.opening': () => startWatch().read(1),
    'following.re-reading': () => startWatch().read(1).open(),
    'following.watching': () => startWatch().follow(1),
    compacted: () => startWatch().follow(1).breakStream('source.compacted'),
    'backing-off': () => startWatch().failRead(),
  }

  it('is tested in every state in which it can arrive', () => {
    const all = nodesOf(watchMachine).filter(({ type }) => type === 'atomic')
    expect(Object.keys(states).sort()).toEqual(all.map(pathOf).sort())
  })

  for (const [state, begin] of Object.entries(states)) {
    it(`leads from ${state} to closed at once, and nothing runs there`, () => {
      const story = begin()
      expect(story.state).toBe(state)
      const { delivered } = story
      expect(story.close().state).toBe('closed')
      expect(story.snapshot.status).toBe('done')
      expect(story.report(9).announce().close().state).toBe('closed')
      expect(story.delivered).toEqual(delivered)
    })
  }
})
