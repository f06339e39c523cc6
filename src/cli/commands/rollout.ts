import { randomBytes } from 'node:crypto'
import { systemClock } from '../../api/clock.ts'
import { authorOf, reasonOf } from '../context/author.ts'
import { type Command, publishFlags } from '../context/command.ts'
import type { Context } from '../context/context.ts'
import { abortRollout } from '../fleet/abort-rollout.ts'
import { runGate } from '../fleet/gate.ts'
import { withFleet } from '../fleet/open-fleet.ts'
import { RolloutDriver } from '../fleet/rollout-driver.ts'
import { rolloutFlags, rolloutFlagsOf } from '../fleet/rollout-plan.ts'
import { exitCodes } from '../output/exit-codes.ts'
import type { Outcome } from '../output/output.ts'
import { namedRevision, publishChange } from '../publishing/publish-change.ts'

export const rollout: Command = {
  name: 'rollout',
  usage: 'FILE',
  summary:
    'Lets some instances try a file, then more, and publishes it. If one refuses it, or the command dies, all return.',
  flags: { ...publishFlags, ...rolloutFlags },
  examples: [
    [
      'changeover rollout next.json --steps 1,10%,50% --hold 60s',
      'tries it on one instance, on 10 %, on half, and publishes it',
    ],
    ['changeover rollout --abort', 'ends the rollout that runs, from wherever it was started'],
  ],
  run: (context) => (context.flags.abort === true ? abort(context) : drive(context)),
}

const abort = (context: Context): Promise<Outcome> => {
  context.atMost(0)
  return withFleet(context, async (store) => {
    const ended = await abortRollout(store, await authorOf(context), context.signal)
    context.out.say(
      ended === undefined
        ? 'Nothing to do: no rollout runs.'
        : `The rollout of ${ended.by} is aborted: its canaries return to what they had.`,
    )
    return {
      exit: exitCodes.done,
      json: { target: store.place, aborted: ended === undefined ? [] : [ended.id] },
    }
  })
}

const drive = async (context: Context): Promise<Outcome> => {
  context.atMost(1)
  const name = context.argument(0, 'FILE')
  const text = await context.read(name)
  const { gate, ...flags } = rolloutFlagsOf(context, text)
  return withFleet(context, async (fleet) => {
    const [store, checker] = [await context.store(), await context.checker(name)]
    const document = await store.read(context.signal)
    const about = { text, base: document.revision, by: await authorOf(context), reason: reasonOf(context) }
    const driver = new RolloutDriver(
      {
        store: fleet,
        clock: systemClock,
        signal: context.signal,
        id: randomBytes(6).toString('hex'),
        say: (progress) => context.out.say(progress),
        gate: gate === undefined ? undefined : (keep) => runGate(gate, context, keep),
      },
      { ...about, ...flags },
    )
    return publishChange(context, {
      checker,
      document,
      text,
      action: 'publish',
      named: namedRevision(context),
      write: async (change) => {
        try {
          await driver.run()
          return await driver.promote((beside) => store.write({ ...change, beside }, context.signal))
        } finally {
          await driver.end()
        }
      },
    })
  })
}
