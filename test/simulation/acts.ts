import type { Scene } from './scene.ts'
import type { Witness } from './witness.ts'

/** What passes of a storm: eight at once, then what windows of 20 ms, doubling to 250, have gathered. */
const STORM_PUTS = 40
const STORM_GAP_MS = 10
const MOST_OF_A_STORM = 16

type Act = (scene: Scene, witness: Witness) => unknown

const put: Act = ({ source, documents }) => source.put(documents.next())

const revert: Act = async ({ reloader, random }, witness) => {
  const { history } = reloader.status()
  const to = random.chance(0.5) ? undefined : history[random.below(history.length)]?.digest
  const target = to ?? history[1]?.digest
  if (target !== undefined) {
    witness.frozen()
    witness.wanted = target
  }
  witness.ask(
    reloader.revert(to === undefined ? {} : { to }),
    ['reloader.no-such-good', 'reloader.closed'],
    (record) => {
      witness.must(record.trigger === 'revert', 'a revert was answered with another transaction')
      const isThere = record.outcome === 'committed' || record.outcome === 'unchanged'
      // Of two that wait, the later one wins and answers both.
      const isMeant = record.digest === target || record.digest === witness.wanted
      witness.must(!isThere || isMeant, 'a revert went somewhere else')
    },
  )
}

const retry: Act = ({ reloader }, witness) => {
  if (reloader.status().frozen === undefined) witness.retried()
  witness.ask(reloader.retry(), ['reloader.held', 'reloader.nothing-to-retry', 'reloader.closed'], ({ trigger }) => {
    witness.must(trigger === 'retry', `a retry was answered with a ${trigger}`)
  })
}

/** Changes without a pause cost few transactions, and the last of them is not lost. */
const storm: Act = async ({ source, documents, clock, reloader }, witness) => {
  const before = witness.records.length
  for (let count = 0; count < STORM_PUTS; count++) {
    source.put(documents.next())
    await clock.advance(STORM_GAP_MS)
  }
  await clock.advance(300)
  const changes = witness.records.slice(before).filter(({ trigger }) => trigger === 'change')
  witness.must(changes.length <= MOST_OF_A_STORM, `a storm of ${STORM_PUTS} cost ${changes.length} transactions`)
  const { source: followed, frozen } = reloader.status()
  const isTold = followed.state === 'watching' && frozen === undefined && witness.isAtRest
  const isTried = witness.records.some(
    ({ revision }) => revision?.name === source.revision.name && revision.lineage === source.revision.lineage,
  )
  witness.must(!isTold || isTried, 'the newest of a storm was never tried')
}

const acts: readonly (readonly [weight: number, act: Act])[] = [
  [18, put],
  [4, ({ source, documents }) => source.put(documents.again())],
  [3, ({ source }) => source.put('{"a":')],
  [4, ({ reloader }, witness) => witness.ask(reloader.reload(), ['reloader.held', 'reloader.closed'])],
  [
    3,
    ({ source, random }) => source.breakWatch(random.pick(['source.closed', 'source.compacted', 'source.unreachable'])),
  ],
  [3, ({ source, random }) => source.failReads('source.unreachable', 1 + random.below(3))],
  [2, ({ source }) => source.delete()],
  [2, ({ source }) => source.wipe()],
  [2, storm],
  [2, retry],
  [
    2,
    ({ reloader }, witness) => {
      witness.released()
      witness.ask(reloader.release(), [])
    },
  ],
  [
    2,
    ({ reloader }, witness) => {
      witness.frozen()
      witness.ask(reloader.freeze('simulated'), [])
    },
  ],
  [2, revert],
]

const total = acts.reduce((sum, [weight]) => sum + weight, 0)

/** Confirms what waits for it, with the right id or a wrong one; too late is as good as wrong. */
export const confirm = ({ reloader, clock }: Scene, witness: Witness, hasId: boolean): void => {
  const { confirmation } = reloader.status()
  if (confirmation === undefined) return
  const { transaction, until } = confirmation
  const isRight = hasId && until > clock.now() + 1
  if (isRight) witness.confirmed(transaction)
  const codes = isRight ? ['reloader.closed'] : ['confirm.refused']
  witness.ask(reloader.confirm(hasId ? transaction : 'another'), codes, ({ id }) => {
    witness.must(isRight && id === transaction, 'what was confirmed was wrong or late')
  })
}

/** Ends a freeze; the newest document that came meanwhile is tried then. */
export const unfreeze = ({ reloader }: Scene, witness: Witness): void => {
  witness.unfrozen()
  witness.ask(reloader.unfreeze(), [])
}

/** One step of a history, drawn by its seed. */
export const act = async (scene: Scene, witness: Witness): Promise<void> => {
  const { random, reloader } = scene
  let drawn = random.below(total)
  const chosen = acts.find(([weight]) => {
    drawn -= weight
    return drawn < 0
  })
  await chosen?.[1](scene, witness)
  // Frozen for ever there would be little to see, and unconfirmed nothing would ever hold.
  if (reloader.status().frozen !== undefined && random.chance(0.25)) unfreeze(scene, witness)
  if (random.chance(0.7)) confirm(scene, witness, random.chance(0.8))
}
