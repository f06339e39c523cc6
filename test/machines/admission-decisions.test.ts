import { describe, expect, it } from 'vitest'
import { admissionMachine } from '../../machines/index.ts'
import { type AdmissionStory, startAdmission } from './admission-story.ts'
import { revision } from './walk/moves.ts'
import { nodesOf, pathOf } from './walk/definition.ts'

const names = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `a${from + index}`)

describe('The admission machine, while changes are few', () => {
  it('passes a change on at once', () => {
    const story = startAdmission()
    expect(story.state).toBe('following.calm')
    expect(story.change(1).delivered).toEqual(['a1'])
    expect(story.state).toBe('following.calm')
  })

  it('counts from one again after a rest', () => {
    const story = startAdmission().storm(1, 7).rest(20).change(8)
    expect([story.state, story.context.burst]).toEqual(['following.calm', 1])
    expect(story.storm(9, 14).state).toBe('following.calm')
    expect(story.delivered).toEqual(names(1, 14))
  })

  it('measures a rest from the change before', () => {
    const story = startAdmission()
    for (let order = 1; order < 8; order++) story.change(order).rest(19)
    expect([story.state, story.context.burst]).toEqual(['following.calm', 7])
    expect(story.change(8).state).toBe('following.pacing')
  })

  it('passes on a later order of a known document, because it makes older documents stale', () => {
    const story = startAdmission().change(5).change(9, 'a', 'a5')
    expect(story.context.newest?.revision).toEqual(revision(9, 'a', 'a5'))
    expect(story.delivered).toEqual(['a5', 'a5'])
  })

  it('does not count a known document as a change, however often a read finds it', () => {
    const story = startAdmission().change(1)
    for (let reads = 0; reads < 20; reads++) story.change(1)
    expect([story.state, story.context.burst]).toEqual(['following.calm', 1])
  })

  it('measures no rest from a known document', () => {
    const story = startAdmission().change(1).rest(19).change(1).rest(1).change(2)
    expect(story.context.burst).toBe(1)
  })

  it('passes on the known document, never an older one', () => {
    const story = startAdmission().change(5).change(4)
    expect(story.delivered).toEqual(['a5', 'a5'])
    expect(story.context.newest?.revision).toEqual(revision(5))
  })

  it('passes on a document of another lineage, whatever its order', () => {
    expect(startAdmission().change(5).change(1, 'b').delivered).toEqual(['a5', 'b1'])
  })
})

describe('The admission machine, in a storm', () => {
  const storm = (to: number) => startAdmission().storm(1, to)

  it('passes on eight changes at once, then gathers', () => {
    expect(storm(7).state).toBe('following.calm')
    expect(storm(8).state).toBe('following.pacing')
    expect(storm(8).delivered).toEqual(names(1, 8))
    expect(storm(20).delivered).toEqual(names(1, 8))
  })

  it('passes on only the newest change after each window', () => {
    const story = storm(20).elapse('window')
    expect([story.state, story.delivered.at(-1), story.delivered.length]).toEqual(['following.pacing', 'a20', 9])
    expect(story.storm(21, 30).elapse('window').delivered.slice(8)).toEqual(['a20', 'a30'])
  })

  it('makes each window longer than the one before as long as the storm lasts', () => {
    const story = storm(10)
    for (const windows of [1, 2, 3]) {
      expect(story.elapse('window').context.windows).toBe(windows)
      story.storm(9 + 2 * windows, 10 + 2 * windows)
    }
  })

  it('keeps the windows short for a writer that waits for each change before the next', () => {
    const story = storm(9)
    for (let change = 10; change < 15; change++) {
      expect(story.elapse('window').context.windows).toBe(0)
      story.change(change)
      expect(story.state).toBe('following.pacing')
    }
    expect(story.elapse('window').delivered.at(-1)).toBe('a14')
  })

  it('becomes calm after a window without changes, with nothing left to pass on', () => {
    const story = storm(9).elapse('window').elapse('window')
    expect(story.state).toBe('following.calm')
    expect(story.context).toMatchObject({ gathered: 0, burst: 0, windows: 0 })
    expect(story.delivered.at(-1)).toBe('a9')
    expect(story.change(10).delivered.at(-1)).toBe('a10')
  })

  it('becomes calm after the first window if exactly eight changes arrived', () => {
    expect(storm(8).elapse('window').state).toBe('following.calm')
  })

  it('keeps the newest document if an overtaken read delivers an older one after it', () => {
    const story = storm(8).change(12).change(11).elapse('window')
    expect(story.delivered.at(-1)).toBe('a12')
  })

  it('does not count a known document as a change', () => {
    const story = storm(8).change(8).change(7).change(9, 'a', 'a8')
    expect(story.context.gathered).toBe(0)
    expect(story.elapse('window').state).toBe('following.calm')
    expect(story.delivered).toHaveLength(8)
  })

  it('passes on a waiting document of another lineage', () => {
    expect(storm(8).change(1, 'b').elapse('window').delivered.at(-1)).toBe('b1')
  })
})

describe('The admission machine, frozen', () => {
  it('passes nothing on, and reports what is waiting', () => {
    const story = startAdmission().change(1).freeze()
    expect([story.state, story.context.gathered]).toEqual(['frozen', 0])
    expect(story.change(2).change(3).delivered).toEqual(['a1'])
    expect(story.context).toMatchObject({ gathered: 2, newest: { revision: revision(3) } })
  })

  it('reports nothing as waiting if a read finds the known document', () => {
    expect(startAdmission().change(1).freeze().change(1).context.gathered).toBe(0)
  })

  it('passes on the newest document, marked as frozen, after the unfreeze', () => {
    const story = startAdmission().change(1).freeze().storm(2, 30).unfreeze()
    expect(story.state).toBe('following.calm')
    expect(story.delivered).toEqual(['a1', 'a30!'])
    expect(story.context.gathered).toBe(0)
  })

  it('passes on the newest document even if it was passed on before, because the freeze may have aborted it', () => {
    expect(startAdmission().change(1).freeze().unfreeze().delivered).toEqual(['a1', 'a1!'])
  })

  it('keeps the newest document if an older one is delivered after it', () => {
    expect(startAdmission().freeze().change(5).change(4).unfreeze().delivered).toEqual(['a5!'])
  })

  it('keeps what a storm had gathered before the freeze', () => {
    const story = startAdmission().storm(1, 9).freeze()
    expect(story.context).toMatchObject({ gathered: 1, burst: 0, windows: 0 })
    expect(story.unfreeze().delivered.at(-1)).toBe('a9!')
  })

  it('starts calm after a freeze, whatever came before', () => {
    const story = startAdmission().storm(1, 12).elapse('window').freeze().unfreeze()
    expect(story.storm(13, 19).state).toBe('following.calm')
  })

  it('stays frozen on a second freeze, and keeps following on an unfreeze without a freeze', () => {
    expect(startAdmission().freeze().change(1).freeze().state).toBe('frozen')
    const story = startAdmission().change(1).unfreeze()
    expect([story.state, story.delivered]).toEqual(['following.calm', ['a1']])
  })

  it('passes on no document if none was ever delivered', () => {
    expect(startAdmission().freeze().unfreeze().delivered).toEqual(['undefined!'])
  })
})

describe('The admission machine and a document that a reload reads', () => {
  it('knows the document but does not pass it on, because the reload takes it itself', () => {
    const story = startAdmission().change(1).read(5)
    expect(story.context.newest?.revision).toEqual(revision(5))
    expect(story.delivered).toEqual(['a1'])
  })

  it('passes it on after a freeze that aborted it, even though the watch never delivered it', () => {
    expect(startAdmission().change(1).read(5).freeze().unfreeze().delivered).toEqual(['a1', 'a5!'])
  })

  it('does not take an older document for the newest', () => {
    expect(startAdmission().change(5).read(4).context.newest?.revision).toEqual(revision(5))
  })

  it('follows the document into another lineage', () => {
    expect(startAdmission().change(5).read(1, 'b').context.newest?.revision).toEqual(revision(1, 'b'))
  })
})

describe('A close of the admission machine', () => {
  const states: Readonly<Record<string, () => AdmissionStory>> = {
    'following.calm': () => startAdmission(),
    'following.pacing': () => startAdmission().storm(1, 9),
    frozen: () => startAdmission().change(1).freeze().change(2),
  }

  it('is tested in every state in which it can arrive', () => {
    const all = nodesOf(admissionMachine).filter(({ type }) => type === 'atomic')
    expect(Object.keys(states).sort()).toEqual(all.map(pathOf).sort())
  })

  for (const [state, begin] of Object.entries(states)) {
    it(`leads from ${state} to closed at once, and nothing is passed on any more`, () => {
      const story = begin()
      expect(story.state).toBe(state)
      const { delivered } = story
      expect(story.close().state).toBe('closed')
      expect(story.snapshot.status).toBe('done')
      expect(story.change(9).unfreeze().freeze().close().delivered).toEqual(delivered)
    })
  }
})
