import type { InstanceEntry } from '../../fleet/instance-entry.ts'
import { ROLLOUT, rolloutNews } from '../../fleet/rollout-entry.ts'
import type { Command } from '../context/command.ts'
import type { Context } from '../context/context.ts'
import { exitCodes } from '../output/exit-codes.ts'
import type { Outcome } from '../output/output.ts'
import { table } from '../output/table.ts'
import { usage } from '../target/flags.ts'
import { instancesOf, withFleet } from './open-fleet.ts'
import { overridesOf } from './override.ts'
import { quorumOf } from './proof.ts'
import { summaryOf, waitForProof } from './wait-for-proof.ts'

export const status: Command = {
  name: 'status',
  usage: '',
  summary: 'Shows the instances of the service: what each serves, what it has tried, and why that failed.',
  flags: {
    wait: { type: 'string', value: 'REV', help: 'wait until this revision is proved: it has passed its soak' },
    for: { type: 'string', value: 'all|N|P%', help: 'how many instances have to prove it; all if it is left out' },
  },
  examples: [
    ['changeover status', 'shows a table of the instances'],
    ['changeover status --wait 1742 --for 50% --timeout 2m', 'waits until half of them have proved revision 1742'],
  ],
  run: (context) => {
    context.atMost(0)
    const revision = context.text('wait')
    if (revision !== undefined && !/^\d+$/.test(revision)) throw usage('--wait must be a revision of etcd')
    if (revision === undefined && context.text('for') !== undefined) throw usage('--for needs --wait')
    return withFleet(context, async (store) => {
      if (revision !== undefined) {
        const quorum = quorumOf(context.text('for') ?? 'all')
        return provedOutcome(context, store.place, revision, await waitForProof(context, store, revision, quorum))
      }
      const { instances, document } = await instancesOf(store, context.signal)
      const { running } = rolloutNews((await store.list(ROLLOUT, context.signal)).entries)
      const overrides = (await overridesOf(store, context.signal)).map(({ value: _, ...shown }) => shown)
      showInstances(context, instances, document)
      if (running !== undefined) {
        const count = running.canaries.length
        context.out.say(`A rollout of ${running.by} runs, with ${count} ${count === 1 ? 'canary' : 'canaries'}.`)
      }
      for (const { path, by, until, reason } of overrides) {
        const why = reason === '' ? '' : `: ${reason}`
        context.out.say(`${path.join('.')} is overridden by ${by} until ${new Date(until).toISOString()}${why}`)
      }
      const rollout = running === undefined ? {} : { rollout: running }
      const json = { target: store.place, revision: document, instances, overrides, ...rollout }
      return { exit: exitCodes.done, json }
    })
  },
}

/** Says that a revision is proved. */
export const provedOutcome = (
  context: Context,
  target: string,
  revision: string,
  instances: readonly InstanceEntry[],
): Outcome => {
  const summary = summaryOf(instances, revision)
  const count = summary.instances.filter(({ proof }) => proof === 'proved').length
  context.out.say(`Revision ${revision} is proved by ${count} of ${instances.length} instances.`)
  return { exit: exitCodes.done, json: { target, revision, ...summary } }
}

const showInstances = ({ out }: Context, instances: readonly InstanceEntry[], document: string): void => {
  if (instances.length === 0) return out.say(`No instance is there. The document is at revision ${document}.`)
  const rows = instances.map((instance) => rowOf(instance))
  out.say(table([['instance', 'service', 'build', 'state', 'serves', 'tried', 'notes'], ...rows]))
  out.say(out.colours.faint(`The document is at revision ${document}.`))
}

const rowOf = (instance: InstanceEntry): readonly string[] => {
  const { id, service, build = '-', state, serving, tried } = instance
  const served = serving?.document ?? serving?.revision ?? '-'
  return [id, service, build, state, served, triedText(tried), notesOf(instance).join(', ')]
}

const triedText = (tried: InstanceEntry['tried']): string => {
  if (tried === undefined) return '-'
  const why = tried.code === undefined ? '' : `, ${tried.code}`
  const where = tried.module === undefined ? '' : ` in ${tried.module}`
  return `${tried.document ?? tried.revision} ${tried.outcome}${why}${where}`
}

const trialText = ({ state, code, module }: NonNullable<InstanceEntry['trial']>): string => {
  if (state !== 'refused') return state === 'proved' ? 'has proved a candidate' : 'tries a candidate'
  return `refused a candidate${code === undefined ? '' : `: ${code}`}${module === undefined ? '' : ` in ${module}`}`
}

const notesOf = (instance: InstanceEntry): readonly string[] => {
  const { trial, frozen, confirmation, waiting, restartPending, quarantined, degraded, stale } = instance
  const by = frozen?.by === undefined ? '' : ` by ${frozen.by}`
  return [
    ...(frozen === undefined ? [] : [`frozen${by}: ${frozen.reason}`]),
    ...(trial === undefined ? [] : [trialText(trial)]),
    ...(confirmation === undefined ? [] : ['awaits a confirmation']),
    ...(waiting === undefined ? [] : [`${waiting.revision} waits: ${waiting.reason}`]),
    ...(restartPending === 0 ? [] : [`${restartPending} paths need a restart`]),
    ...(quarantined.length === 0 ? [] : [`quarantined: ${quarantined.join(' ')}`]),
    ...(degraded.length === 0 ? [] : [`degraded: ${degraded.join(' ')}`]),
    ...(stale ? ['does not reach the source'] : []),
  ].map((text) => text.replace(/\s+/g, ' '))
}
