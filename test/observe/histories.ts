import { type Config, configOf, type createHarness, type HarnessOptions } from '../guarantees/harness.ts'

/** What a history has at hand. */
export type Scene = ReturnType<typeof createHarness> & {
  /** What `config_reload_last_successful` is now; undefined if it is absent. */
  readonly gauge: () => Promise<number | undefined>
  /** Expects a value, after virtual time enough for everything that does not wait for a person. */
  readonly expects: (value: 0 | 1, why: string) => Promise<void>
}

/** A scripted history of a service that serves `good(1)` at its start. */
export interface History {
  readonly title: string
  readonly options?: HarnessOptions['options']
  readonly play: (scene: Scene) => Promise<void>
}

const good = (value: number): Config => configOf({ a: value, b: value })
const withK = (value: number): Config => configOf({ a: value, k: value, l: value })
const rejected = '{ "a": '
const wrongType = { a: { value: 'text' } } as unknown as Config
const unknownKey = { ...good(1), wrong: 1 } as Config

const history = (title: string, play: History['play'], options?: History['options']): History =>
  options === undefined ? { title, play } : { title, play, options }

/** A document that is rejected, by its kind. */
const badDocuments: readonly (readonly [string, Config | string])[] = [
  ['is malformed', rejected],
  ['has a value of the wrong type', wrongType],
  ['has an unknown key', unknownKey],
  ['is empty', ''],
]

/** Phases in which a module can fail, with the document that makes it do so. */
const failing = [
  ['prepare', 'a', good(2)],
  ['commit', 'b', good(2)],
  ['check', 'a', good(2)],
  ['apply', 'k', withK(2)],
] as const

export const histories: readonly History[] = [
  history('a start', async ({ expects }) => expects(1, 'the first document serves')),
  history('good changes', async ({ source, expects }) => {
    for (const value of [2, 3, 4]) {
      source.put(good(value))
      await expects(1, `document ${value} serves`)
    }
  }),
  ...badDocuments.map(([what, document]) =>
    history(`a document that ${what}, and its correction`, async ({ source, expects }) => {
      source.put(document)
      await expects(0, 'it is rejected')
      source.put(good(2))
      await expects(1, 'the next one serves')
    }),
  ),
  ...failing.map(([phase, module, document]) =>
    history(
      `a module that fails in ${phase}, and then does not`,
      async ({ source, modules, expects }) => {
        modules[module].always(phase, phase === 'commit' ? 'throw' : 'reject')
        source.put(document)
        await expects(0, 'the change is rolled back')
        modules[module].always(phase)
        source.put(configOf({ a: 9 }))
        await expects(1, 'the next one serves')
      },
      { soak: { durationMs: 100, intervalMs: 20 } },
    ),
  ),
  history('a failure that passes, so that the same document is tried again by itself', async (scene) => {
    const { source, modules, expects, gauge, advance } = scene
    modules.a.script('prepare', 'reject')
    source.put(good(2))
    await advance(500)
    if ((await gauge()) !== 0) throw new Error('it should be 0 until the next try')
    await expects(1, 'the quarantine has expired')
  }),
  history('a bad document that is taken back', async ({ source, expects }) => {
    source.put(rejected)
    await expects(0, 'it is rejected')
    source.put(good(1))
    await expects(1, 'what serves is the newest again')
  }),
  history('a document that is deleted and written again', async ({ source, expects }) => {
    source.delete()
    await expects(0, 'nothing is there, and that could be read')
    source.put(good(1))
    await expects(1, 'it is back')
  }),
  history('the same document at a new revision', async ({ source, expects }) => {
    source.put(good(1))
    await expects(1, 'it is unchanged')
  }),
  history('a source that is down, and comes back', async ({ source, expects }) => {
    source.failReads('source.unreachable')
    source.breakWatch('source.unreachable')
    await expects(1, 'what could be read serves')
    source.heal()
    await expects(1, 'nothing has changed')
  }),
  history('a source that is down after a bad document', async ({ source, expects }) => {
    source.put(rejected)
    await expects(0, 'it is rejected')
    source.failReads('source.unreachable')
    source.breakWatch('source.unreachable')
    await expects(0, 'the newest readable document is still the bad one')
    source.heal()
    source.put(good(2))
    await expects(1, 'the next one serves')
  }),
  history('a reload of a source that cannot be read', async ({ source, reloader, expects }) => {
    source.failReads('source.unreachable')
    await reloader.reload()
    await expects(1, 'nothing newer could be read')
  }),
  history('a reload that finds a bad document that no watch has reported', async ({ source, reloader, expects }) => {
    source.silence()
    source.put(rejected)
    await reloader.reload()
    await expects(0, 'it is rejected')
  }),
  history('a change that is superseded by a good one', async ({ source, modules, gauge, advance, expects }) => {
    modules.a.script('prepare', 'heed')
    source.put(good(2))
    await advance(10)
    if ((await gauge()) !== 1) throw new Error('a running transaction changes nothing')
    source.put(good(3))
    await expects(1, 'the superseded one changes nothing')
  }),
  history('a change after a bad document that is superseded', async ({ source, modules, gauge, advance, expects }) => {
    source.put(rejected)
    await expects(0, 'it is rejected')
    modules.a.script('prepare', 'heed')
    source.put(good(2))
    await advance(10)
    if ((await gauge()) !== 0) throw new Error('a running transaction changes nothing')
    source.put(good(3))
    await expects(1, 'the newest serves')
  }),
  history('two changes after a bad document, of which the first is superseded', async (scene) => {
    const { source, modules, gauge, advance, expects } = scene
    source.put(rejected)
    await expects(0, 'it is rejected')
    modules.a.script('prepare', 'heed', 'heed')
    source.put(good(2))
    await advance(10)
    source.put(good(3))
    await advance(10)
    if ((await gauge()) !== 0) throw new Error('the superseded one was no success')
    modules.a.release()
    await expects(1, 'it serves')
  }),
  history('a change that is held back in a storm', async ({ reloader, source, gauge, advance, expects }) => {
    for (let value = 2; value < 30; value += 1) {
      source.put(good(value))
      await advance(0)
      if (reloader.status().waiting?.reason !== 'storm') continue
      if ((await gauge()) !== 1) throw new Error('it is under way')
      return expects(1, 'the newest serves')
    }
    throw new Error('there was no storm')
  }),
  history('a change that is superseded by a bad one', async ({ source, modules, advance, expects }) => {
    modules.a.script('prepare', 'heed')
    source.put(good(2))
    await advance(10)
    source.put(rejected)
    await expects(0, 'the newest is rejected')
  }),
  history('a bad document that nobody asked for while another was prepared', async (scene) => {
    const { source, modules, gauge, advance, expects } = scene
    source.put(rejected)
    await advance(100)
    modules.a.script('prepare', 'heed')
    source.put(good(2)) // no scrape between the rejection and this
    await advance(10)
    if ((await gauge()) !== 0) throw new Error('the rejection has been forgotten')
    modules.a.release()
    await expects(1, 'it serves')
  }),
  history('a freeze without a newer document', async ({ reloader, expects }) => {
    await reloader.freeze('x')
    await expects(1, 'the newest serves')
  }),
  history('a freeze that holds a newer document', async ({ reloader, source, expects }) => {
    await reloader.freeze('x')
    source.put(good(2))
    await expects(0, 'the newest does not serve')
    await reloader.unfreeze()
    await expects(1, 'it serves')
  }),
  history('a change that a freeze aborts', async ({ reloader, source, modules, advance, expects }) => {
    modules.a.script('prepare', 'heed')
    source.put(good(2))
    await advance(10)
    await reloader.freeze('x')
    await expects(0, 'the newest is held, and does not serve')
    await reloader.unfreeze()
    await expects(1, 'it serves')
  }),
  history('a revert and its end', async ({ reloader, source, expects }) => {
    source.put(good(2))
    await expects(1, 'it serves')
    const earlier = reloader.status().goodHistory.at(-1)?.revision.name ?? ''
    await reloader.revert({ to: earlier })
    await expects(0, 'the newest does not serve')
    await reloader.unfreeze()
    await expects(1, 'it serves again')
  }),
  history(
    'a soak during which the new config serves',
    async ({ source, advance, gauge, expects }) => {
      source.put(rejected)
      await expects(0, 'it is rejected')
      source.put(good(2))
      await advance(300)
      if ((await gauge()) !== 1) throw new Error('it serves from its commit on')
      await expects(1, 'it has passed its soak')
    },
    { soak: 5_000 },
  ),
  history(
    'a confirmation that does not come',
    async ({ source, expects, advance }) => {
      source.put(good(2))
      await advance(60_001)
      await expects(0, 'it is rolled back')
    },
    { confirm: { withinMs: 60_000 } },
  ),
  history(
    'a degraded service that is repaired',
    async ({ source, modules, advance, gauge, expects }) => {
      source.put(withK(2))
      await expects(1, 'it serves')
      modules.k.script('undo', 'reject')
      modules.l.always('apply', 'reject')
      source.put(withK(3))
      await advance(100)
      if ((await gauge()) !== 0) throw new Error('it is degraded')
      await expects(0, 'the repair is of what served before')
      modules.l.always('apply')
      modules.a.script('prepare', 'heed')
      source.put({ ...withK(4), a: { value: 4 } })
      await advance(10)
      if ((await gauge()) !== 0) throw new Error('the repair was no success of a newer document')
      modules.a.release()
      await expects(1, 'the next one serves')
    },
    { quarantine: { minMs: 600_000, maxMs: 600_000 } },
  ),
  history('a refresh that fails', async ({ reloader, modules, expects }) => {
    modules.a.always('prepare', 'reject')
    await reloader.refresh('a')
    await expects(1, 'the newest document serves all the same')
  }),
  history('a wiped store that holds another document', async ({ source, expects }) => {
    source.wipe()
    await expects(0, 'nothing is there')
    source.put(good(5))
    await expects(1, 'the document of the new lineage serves')
  }),
  history('a storm that ends with a bad document', async ({ source, expects }) => {
    for (let value = 2; value < 30; value += 1) source.put(good(value))
    source.put(rejected)
    await expects(0, 'the newest is rejected')
  }),
  history('a storm that ends with a good document', async ({ source, expects }) => {
    for (let value = 2; value < 30; value += 1) source.put(value % 2 === 0 ? rejected : good(value))
    await expects(1, 'the newest serves')
  }),
  history('an older document that is delivered again', async ({ source, expects }) => {
    const { revision } = source
    source.put(good(2))
    await expects(1, 'it serves')
    source.deliver({ kind: 'document', revision, content: JSON.stringify(good(1)) })
    await expects(1, 'the newest still serves')
  }),
]
