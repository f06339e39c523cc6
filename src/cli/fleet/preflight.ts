import type { FleetAnswer } from '../../fleet/fleet-command.ts'
import type { InstanceEntry } from '../../fleet/instance-entry.ts'
import { changeoverError } from '../../model/failure.ts'
import { authorOf } from '../context/author.ts'
import type { Context } from '../context/context.ts'
import { askInstances } from './ask-instances.ts'
import { instancesOf, withFleet } from './open-fleet.ts'
import { FleetFailure } from './wait-for-proof.ts'

/** How long an instance may take to try a document, in milliseconds. */
const PREFLIGHT_MS = 60_000

/**
 * Lets one live instance of each build try a document, up to the point where it would change what it serves.
 *
 * @throws ChangeoverError `fleet.no-instances`, `fleet.preflight-failed`, `fleet.no-answer`
 */
export const preflight = async (context: Context, text: string): Promise<void> => {
  await withFleet(context, async (store) => {
    const { instances } = await instancesOf(store, context.signal)
    const chosen = oneOfEachBuild(instances)
    if (chosen.length === 0) throw changeoverError('fleet.no-instances')
    const to = chosen.map(({ id }) => id)
    const question = { action: 'preflight', to, by: await authorOf(context), proposal: text } as const
    const answers = await askInstances(store, question, PREFLIGHT_MS, context.signal)
    const results = chosen.map(({ id, build = 'unnamed' }): FleetAnswer & { readonly build: string } => ({
      build,
      ...(answers.get(id) ?? { command: '', instance: id, isDone: false }),
    }))
    const silent = results.find(({ instance }) => !answers.has(instance))
    const refused = results.find(({ instance, isDone }) => answers.has(instance) && !isDone)
    const more = { preflight: results }
    if (refused !== undefined) {
      const { build, instance, code, module } = refused
      const detail = `build ${build}, ${instance}${code === undefined ? '' : `: ${code}`}`
      throw new FleetFailure('fleet.preflight-failed', { detail, ...(module === undefined ? {} : { module }) }, more)
    }
    if (silent !== undefined) {
      throw new FleetFailure('fleet.no-answer', { detail: `build ${silent.build}, ${silent.instance}` }, more)
    }
    context.out.say(
      `Preflight: accepted by ${results.map(({ build, instance }) => `build ${build} (${instance})`).join(', ')}.`,
    )
  })
}

/** Prefers instances that reach the source. */
const oneOfEachBuild = (instances: readonly InstanceEntry[]): readonly InstanceEntry[] => {
  const chosen = new Map<string | undefined, InstanceEntry>()
  for (const instance of instances) {
    const known = chosen.get(instance.build)
    if (known === undefined || (known.stale && !instance.stale)) chosen.set(instance.build, instance)
  }
  return [...chosen.values()]
}
