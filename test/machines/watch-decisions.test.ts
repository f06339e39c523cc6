import { describe, expect, it } from 'vitest'
import { createActor, fromCallback, fromPromise } from 'xstate'
import { type SourceVerdict, type WatchMachineEvent, watchMachine } from '../../machines/index.ts'
import type { Revision } from '../../src/model/revision.ts'
import { revision } from './reload-moves.ts'
import { nodesOf, pathOf } from './walk/definition.ts'
import { tellWatch, type WatchStory } from './watch-story.ts'

describe('The watch machine, while all goes well', () => {
  it('reads first, and watches from what it has read', () => {
    const story = tellWatch()
    expect([story.state, story.asked]).toEqual(['connecting', ['readSource']])
    expect(story.read(5).state).toBe('following.opening')
    expect(story.delivered).toEqual(['a5'])
    expect(story.after).toEqual(revision(5))
  })

  it('reads again once the stream is open: what changed in between is told by nobody', () => {
    const story = tellWatch().read(5).open()
    expect(story.state).toBe('following.re-reading')
    expect(story.read(6).state).toBe('following.watching')
    expect(story.delivered).toEqual(['a5', 'a6'])
    expect(story.context.seen).toEqual(revision(6))
  })

  it('reads again whenever a source says that it opened, an inner reconnect too', () => {
    expect(tellWatch().follow(1).open().state).toBe('following.re-reading')
  })

  it('reads for a change that does not carry the document', () => {
    const story = tellWatch().follow(1).announce()
    expect(story.state).toBe('following.re-reading')
    expect(story.read(2).delivered).toEqual(['a1', 'a1', 'a2'])
  })

  it('delivers a document that the stream carries, and asks nothing', () => {
    const story = tellWatch().follow(1)
    const { reads } = story
    expect(story.report(2).state).toBe('following.watching')
    expect(story.delivered.at(-1)).toBe('a2')
    expect(story.reads).toBe(reads)
  })

  it('delivers nothing that is not newer, but notes its later order (G12)', () => {
    const story = tellWatch().follow(5)
    const count = story.delivered.length
    story
      .report(5)
      .report(4)
      .send({ type: 'watch.reported', candidate: { revision: revision(9, 'a', 'a5') } })
      .report(8)
    expect(story.delivered).toHaveLength(count)
    expect(story.context.seen).toEqual(revision(9, 'a', 'a5'))
  })

  it('delivers what the stream tells before it says that it is open', () => {
    const story = tellWatch().read(1).report(2)
    expect([story.state, story.delivered]).toEqual(['following.opening', ['a1', 'a2']])
  })

  it('delivers what the stream tells during a read', () => {
    const story = tellWatch().read(1).open().report(3)
    expect([story.state, story.delivered.at(-1)]).toEqual(['following.re-reading', 'a3'])
    expect(story.read(2).context.seen).toEqual(revision(3))
  })

  for (const [what, tell] of [
    ['a change', (story: WatchStory) => story.announce()],
    ['an opening', (story: WatchStory) => story.open()],
    ['a document of another lineage', (story: WatchStory) => story.report(1, 'b')],
  ] as const) {
    it(`lets a read finish and reads once more where ${what} is told during it`, () => {
      const story = tellWatch().read(1).open()
      const { reads } = story
      tell(tell(story))
      expect([story.state, story.reads]).toEqual(['following.re-reading', reads])
      expect([story.read(1).state, story.reads]).toEqual(['following.re-reading', reads + 1])
      expect([story.read(2).state, story.reads]).toEqual(['following.watching', reads + 1])
    })
  }

  it('verifies a silent stream by a read after each interval', () => {
    const story = tellWatch().follow(1).elapse('reconcileInterval')
    expect(story.state).toBe('following.re-reading')
    expect(story.read(2).state).toBe('following.watching')
    expect(story.delivered.at(-1)).toBe('a2')
    expect(story.elapse('reconcileInterval').state).toBe('following.re-reading')
  })
})

describe('The watch machine and another lineage', () => {
  it('never delivers it as the stream tells it: it reads', () => {
    for (const tell of [() => tellWatch().read(5), () => tellWatch().follow(5)]) {
      const story = tell()
      const { delivered } = story
      expect(story.report(9, 'b').state).toBe('following.re-reading')
      expect(story.delivered).toEqual(delivered)
      expect(story.context.seen?.lineage).toBe('a')
    }
  })

  it('delivers it as it is read, and opens a new stream from there', () => {
    const story = tellWatch().follow(5).announce().read(2, 'b')
    expect([story.state, story.delivered.at(-1)]).toEqual(['following.opening', 'b2'])
    expect([story.after, story.context.seen]).toEqual([revision(2, 'b'), revision(2, 'b')])
    expect(story.open().read(2, 'b').state).toBe('following.watching')
  })
})

describe('The watch machine, when the source fails', () => {
  const following = () => tellWatch().follow(1)
  const breaks: readonly (readonly [string, () => WatchStory, string])[] = [
    ['the first read fails', () => tellWatch().failRead('source.denied'), 'source.denied'],
    ['the first read breaks its promise', () => tellWatch().breakActor('readSource'), 'source.failed'],
    ['the stream breaks before it opens', () => tellWatch().read(1).breakStream(), 'source.unreachable'],
    ['the stream does not open in time', () => tellWatch().read(1).elapse('openDeadline'), 'source.timeout'],
    ['the stream breaks', () => following().breakStream('source.denied'), 'source.denied'],
    ['the stream breaks during a read', () => following().announce().breakStream(), 'source.unreachable'],
    ['the stream breaks its promise', () => following().breakActor('watchSource'), 'source.failed'],
    ['a later read fails', () => following().announce().failRead(), 'source.unreachable'],
    ['a later read breaks its promise', () => following().announce().breakActor('readSource'), 'source.failed'],
    [
      'the read after a compaction fails',
      () => following().breakStream('source.compacted').failRead(),
      'source.unreachable',
    ],
    [
      'the read after a compaction breaks its promise',
      () => following().breakStream('source.compacted').breakActor('readSource'),
      'source.failed',
    ],
  ]
  for (const [what, tell, cause] of breaks) {
    it(`backs off where ${what}, says why, ends the stream, and reads anew`, () => {
      const story = tell()
      expect([story.state, story.isWatching]).toEqual(['backing-off', false])
      expect(story.context).toMatchObject({ cause, attempts: 1 })
      expect(story.broken).toBe(what.includes('promise') ? 1 : 0)
      expect(story.elapse('backoff').state).toBe('connecting')
      expect(story.context.cause).toBe(cause)
    })
  }

  it('counts attempts up until a verified watch has held for a while, and no sooner', () => {
    const story = tellWatch().failRead().elapse('backoff').failRead().elapse('backoff')
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

  it('does not take a watch for steady that no read has verified', () => {
    const story = tellWatch().failRead().elapse('backoff').read(1).open()
    expect(story.elapse('steadyAfter').state).toBe('following.re-reading')
    expect(story.context.attempts).toBe(1)
  })

  it('takes a watch for steady though the source keeps announcing changes', () => {
    const story = tellWatch().failRead().elapse('backoff').follow(1).announce()
    expect(story.elapse('steadyAfter').state).toBe('following.re-reading')
    expect(story.context.attempts).toBe(0)
  })

  it('reads at once after a compaction, and watches from there', () => {
    const story = tellWatch().follow(1).breakStream('source.compacted')
    expect(story.state).toBe('compacted')
    expect(story.asked.at(-1)).toBe('readSource')
    expect(story.context).toMatchObject({ cause: 'source.compacted', attempts: 0 })
    expect(story.read(7).state).toBe('following.opening')
    expect([story.after, story.delivered.at(-1)]).toEqual([revision(7), 'a7'])
  })

  it('backs off at the second compaction in a row, and not at one after a watch that held', () => {
    const story = tellWatch().follow(1).breakStream('source.compacted').read(2).breakStream('source.compacted')
    expect(story.state).toBe('backing-off')
    expect(story.context).toMatchObject({ cause: 'source.compacted', attempts: 1 })
    story.elapse('backoff').follow(3).elapse('steadyAfter')
    expect(story.breakStream('source.compacted').state).toBe('compacted')
  })

  it('does not deliver what a broken stream still tells', () => {
    const story = tellWatch().follow(1).breakStream()
    const { delivered } = story
    expect(story.report(2).announce().open().breakStream().state).toBe('backing-off')
    expect([story.delivered, story.context.attempts]).toEqual([delivered, 1])
  })
})

describe('A read of the watch machine that was given up', () => {
  it('is not taken for the answer of the one that followed it, though both go by one name', async () => {
    const answers: ((verdict: SourceVerdict) => void)[] = []
    let tell: (event: WatchMachineEvent) => void = () => undefined
    const actors = {
      readSource: fromPromise<SourceVerdict>(() => new Promise((resolve) => answers.push(resolve))),
      watchSource: fromCallback<WatchMachineEvent, { readonly after: Revision | undefined }>(({ sendBack }) => {
        tell = sendBack
      }),
    }
    const actor = createActor(watchMachine.provide({ actors })).start()
    const answer = async (read: number, order: number) => {
      answers[read]?.({ kind: 'read', candidate: { revision: revision(order) } })
      await new Promise((resolve) => setImmediate(resolve))
      return actor.getSnapshot()
    }
    await answer(0, 1)
    tell({ type: 'watch.opened' })
    tell({ type: 'watch.broke', cause: 'source.compacted' })
    expect(answers).toHaveLength(3)
    expect((await answer(1, 2)).value).toBe('compacted')
    const { value, context } = await answer(2, 3)
    expect([value, context.seen]).toEqual([{ following: 'opening' }, revision(3)])
    actor.stop()
  })
})

describe('A close of the watch machine', () => {
  const states: Readonly<Record<string, () => WatchStory>> = {
    connecting: () => tellWatch(),
    'following.opening': () => tellWatch().read(1),
    'following.re-reading': () => tellWatch().read(1).open(),
    'following.watching': () => tellWatch().follow(1),
    compacted: () => tellWatch().follow(1).breakStream('source.compacted'),
    'backing-off': () => tellWatch().failRead(),
  }

  it('is tested in every state that it can come in', () => {
    const all = nodesOf(watchMachine).filter(({ type }) => type === 'atomic')
    expect(Object.keys(states).sort()).toEqual(all.map(pathOf).sort())
  })

  for (const [state, tell] of Object.entries(states)) {
    it(`leads from ${state} to closed at once, and nothing runs there`, () => {
      const story = tell()
      expect(story.state).toBe(state)
      const { delivered } = story
      expect(story.close().state).toBe('closed')
      expect(story.snapshot.status).toBe('done')
      expect(story.report(9).announce().close().state).toBe('closed')
      expect(story.delivered).toEqual(delivered)
    })
  }
})
