import { describe, expect, it } from 'vitest'
import { createActor, SimulatedClock } from 'xstate'
import { admissionMachine } from '../../machines/index.ts'
import { type AdmissionStory, tellAdmission } from './admission-story.ts'
import { revision } from './reload-moves.ts'
import { nodesOf, pathOf } from './walk/definition.ts'

const names = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => `a${from + index}`)

describe('The admission machine, while changes are few', () => {
  it('lets a change through at once', () => {
    const story = tellAdmission()
    expect(story.state).toBe('following.calm')
    expect(story.tell(1).delivered).toEqual(['a1'])
    expect(story.state).toBe('following.busy')
  })

  it('is calm again when the source was quiet, and counts anew', () => {
    const story = tellAdmission().storm(1, 7).elapseQuiet()
    expect([story.state, story.context.burst]).toEqual(['following.calm', 0])
    expect(story.storm(8, 14).state).toBe('following.busy')
    expect(story.delivered).toEqual(names(1, 14))
  })

  it('waits for quiet anew after each change', () => {
    const clock = new SimulatedClock()
    const actor = createActor(admissionMachine, { clock }).start()
    const tell = (order: number) => actor.send({ type: 'source.changed', candidate: { revision: revision(order) } })
    tell(1)
    clock.increment(19)
    tell(2)
    clock.increment(19)
    expect(actor.getSnapshot().value).toEqual({ following: 'busy' })
    clock.increment(1)
    expect(actor.getSnapshot().value).toEqual({ following: 'calm' })
    actor.stop()
  })

  it('hands on the later order of a document that is known, for what is older is stale from then on', () => {
    const story = tellAdmission().tell(5).tell(9, 'a', 'a5')
    expect(story.context.newest?.revision).toEqual(revision(9, 'a', 'a5'))
    expect(story.delivered).toEqual(['a5', 'a5'])
  })

  it('does not take for a change what it knows, however often that is told: reads find it again and again', () => {
    const story = tellAdmission().tell(1)
    for (let reads = 0; reads < 20; reads++) story.tell(1)
    expect([story.state, story.context.burst]).toEqual(['following.busy', 1])
    expect(story.elapseQuiet().tell(1).tell(0).state).toBe('following.calm')
  })

  it('is not kept busy by what it knows', () => {
    const clock = new SimulatedClock()
    const actor = createActor(admissionMachine, { clock }).start()
    const tell = (order: number) => actor.send({ type: 'source.changed', candidate: { revision: revision(order) } })
    tell(1)
    clock.increment(19)
    tell(1)
    clock.increment(1)
    expect(actor.getSnapshot().value).toEqual({ following: 'calm' })
    actor.stop()
  })

  it('never hands on what is older than what it knows, but what it knows', () => {
    const story = tellAdmission().tell(5).tell(4)
    expect(story.delivered).toEqual(['a5', 'a5'])
    expect(story.context.newest?.revision).toEqual(revision(5))
  })

  it('hands on a document of another lineage, whatever its order', () => {
    expect(tellAdmission().tell(5).tell(1, 'b').delivered).toEqual(['a5', 'b1'])
  })
})

describe('The admission machine, in a storm', () => {
  const storm = (to: number) => tellAdmission().storm(1, to)

  it('lets eight changes through at once, then gathers', () => {
    expect(storm(7).state).toBe('following.busy')
    expect(storm(8).state).toBe('following.pacing')
    expect(storm(8).delivered).toEqual(names(1, 8))
    expect(storm(20).delivered).toEqual(names(1, 8))
  })

  it('hands on the newest after each window, and nothing else', () => {
    const story = storm(20).elapseWindow()
    expect([story.state, story.delivered.at(-1), story.delivered.length]).toEqual(['following.pacing', 'a20', 9])
    expect(story.storm(21, 30).elapseWindow().delivered.slice(8)).toEqual(['a20', 'a30'])
  })

  it('makes each next window of a storm that goes on a longer one', () => {
    const story = storm(10)
    for (const windows of [1, 2, 3]) {
      expect(story.elapseWindow().context.windows).toBe(windows)
      story.storm(9 + 2 * windows, 10 + 2 * windows)
    }
  })

  it('leaves the windows short for one who waits for each change before the next', () => {
    const story = storm(9)
    for (let change = 10; change < 15; change++) {
      expect(story.elapseWindow().context.windows).toBe(0)
      story.tell(change)
      expect(story.state).toBe('following.pacing')
    }
    expect(story.elapseWindow().delivered.at(-1)).toBe('a14')
  })

  it('is calm again after a window in which nothing came, and owes nothing', () => {
    const story = storm(9).elapseWindow().elapseWindow()
    expect(story.state).toBe('following.calm')
    expect(story.context).toMatchObject({ gathered: 0, burst: 0, windows: 0 })
    expect(story.delivered.at(-1)).toBe('a9')
    expect(story.tell(10).delivered.at(-1)).toBe('a10')
  })

  it('is calm again after the first window where exactly eight came', () => {
    expect(storm(8).elapseWindow().state).toBe('following.calm')
  })

  it('does not lose the newest where a read that was overtaken tells an older one after it', () => {
    const story = storm(8).tell(12).tell(11).elapseWindow()
    expect(story.delivered.at(-1)).toBe('a12')
  })

  it('does not take for a change what it knows already', () => {
    const story = storm(8).tell(8).tell(7).tell(9, 'a', 'a8')
    expect(story.context.gathered).toBe(0)
    expect(story.elapseWindow().state).toBe('following.calm')
    expect(story.delivered).toHaveLength(8)
  })

  it('hands on what waits of another lineage', () => {
    expect(storm(8).tell(1, 'b').elapseWindow().delivered.at(-1)).toBe('b1')
  })
})

describe('The admission machine, frozen', () => {
  it('lets nothing through, and says what waits', () => {
    const story = tellAdmission().tell(1).freeze()
    expect([story.state, story.context.gathered]).toEqual(['frozen', 0])
    expect(story.tell(2).tell(3).delivered).toEqual(['a1'])
    expect(story.context).toMatchObject({ gathered: 2, newest: { revision: revision(3) } })
  })

  it('does not say that something waits where a read finds what it knows', () => {
    expect(tellAdmission().tell(1).freeze().tell(1).context.gathered).toBe(0)
  })

  it('hands on the newest, as held back, once it is let through again', () => {
    const story = tellAdmission().tell(1).freeze().storm(2, 30).unfreeze()
    expect(story.state).toBe('following.calm')
    expect(story.delivered).toEqual(['a1', 'a30!'])
    expect(story.context.gathered).toBe(0)
  })

  it('hands on the newest though it has been let through before: the freeze may have given it up', () => {
    expect(tellAdmission().tell(1).freeze().unfreeze().delivered).toEqual(['a1', 'a1!'])
  })

  it('does not lose the newest where one that is older is told after it', () => {
    expect(tellAdmission().freeze().tell(5).tell(4).unfreeze().delivered).toEqual(['a5!'])
  })

  it('does not lose what a storm had gathered when changes were frozen', () => {
    const story = tellAdmission().storm(1, 9).freeze()
    expect(story.context).toMatchObject({ gathered: 1, burst: 0, windows: 0 })
    expect(story.unfreeze().delivered.at(-1)).toBe('a9!')
  })

  it('begins calm after a freeze, whatever was before', () => {
    const story = tellAdmission().storm(1, 12).elapseWindow().freeze().unfreeze()
    expect(story.storm(13, 19).state).toBe('following.busy')
  })

  it('stays frozen where it is frozen again, and stays following where nothing was frozen', () => {
    expect(tellAdmission().freeze().tell(1).freeze().state).toBe('frozen')
    const story = tellAdmission().tell(1).unfreeze()
    expect([story.state, story.delivered]).toEqual(['following.busy', ['a1']])
  })

  it('names no document to its host where nothing was ever told', () => {
    expect(tellAdmission().freeze().unfreeze().delivered).toEqual(['undefined!'])
  })
})

describe('The admission machine and what a reload reads', () => {
  it('knows it, and hands on nothing: the reload takes it itself', () => {
    const story = tellAdmission().tell(1).read(5)
    expect(story.context.newest?.revision).toEqual(revision(5))
    expect(story.delivered).toEqual(['a1'])
  })

  it('brings it again after a freeze that gave it up, though the source had not told it', () => {
    expect(tellAdmission().tell(1).read(5).freeze().unfreeze().delivered).toEqual(['a1', 'a5!'])
  })

  it('does not take an older one for the newest', () => {
    expect(tellAdmission().tell(5).read(4).context.newest?.revision).toEqual(revision(5))
  })

  it('follows it into another lineage', () => {
    expect(tellAdmission().tell(5).read(1, 'b').context.newest?.revision).toEqual(revision(1, 'b'))
  })
})

describe('A close of the admission machine', () => {
  const states: Readonly<Record<string, () => AdmissionStory>> = {
    'following.calm': () => tellAdmission(),
    'following.busy': () => tellAdmission().tell(1),
    'following.pacing': () => tellAdmission().storm(1, 9),
    frozen: () => tellAdmission().tell(1).freeze().tell(2),
  }

  it('is tested in every state that it can come in', () => {
    const all = nodesOf(admissionMachine).filter(({ type }) => type === 'atomic')
    expect(Object.keys(states).sort()).toEqual(all.map(pathOf).sort())
  })

  for (const [state, tell] of Object.entries(states)) {
    it(`leads from ${state} to closed at once, and nothing is let through any more`, () => {
      const story = tell()
      expect(story.state).toBe(state)
      const { delivered } = story
      expect(story.close().state).toBe('closed')
      expect(story.snapshot.status).toBe('done')
      expect(story.tell(9).unfreeze().freeze().close().delivered).toEqual(delivered)
    })
  }
})
