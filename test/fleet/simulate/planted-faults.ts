import { edit, fault, type PlantedFault } from '../../testing/simulate/planted/planted-fault.ts'

const canary = 'src/fleet/member/canary.ts'
const driver = 'src/cli/fleet/rollout-driver.ts'

/** Defects of rollouts, which the simulation of fleets finds. */
export const plantedFleetFaults: readonly PlantedFault[] = [
  fault(
    'never-alone',
    'a canary that does not reach etcd keeps the candidate for ever',
    edit(canary, 'const ALONE_FOR = 2\n', 'const ALONE_FOR = 1_000\n'),
  ),
  fault(
    'only-watched',
    'a canary does not ask whether the rollout still runs, and its watch may hang',
    edit(canary, 'if (leftMs() > 0) void this.follow', 'if (leftMs() < 0) void this.follow'),
  ),
  fault(
    'promotion-missed',
    'a canary returns to the base although its candidate was promoted, and calls its modules again',
    edit(canary, 'promoted?.rollout === trial.rollout)', 'promoted?.rollout === trial.rollout && false)'),
  ),
  fault(
    'promotion-unfenced',
    'a driver whose lease has ended publishes the candidate all the same',
    edit(
      driver,
      'expect: { [ROLLOUT]: this.#revision, [REFUSED]: this.#refusedRevision },\n      put: { [PROMOTED]',
      'expect: {},\n      put: { [PROMOTED]',
    ),
  ),
  fault(
    'refusals-ignored',
    'a candidate is published although a canary has refused it',
    edit(
      driver,
      'if (failed !== undefined) this.#failed.set(id, failed)',
      'if (failed === "") this.#failed.set(id, failed)',
    ),
    edit(driver, 'proved.length >= this.#canaries.length - this.#failed.size', 'proved.length >= 0'),
  ),
  fault(
    'refusal-while-publishing',
    'a candidate is published although a canary has refused it since the driver has looked',
    edit(driver, ', [REFUSED]: this.#refusedRevision }', ' }'),
  ),
  fault(
    'everyone-is-a-canary',
    'an instance that was not chosen tries the candidate',
    edit(canary, '!canaries.includes(this.#parts.id()) || this.#over', 'canaries.length === 0 || this.#over'),
  ),
  fault(
    'withdrawal-ignored',
    'a document on trial that is withdrawn while it soaks goes on',
    edit(
      'machines/reload/setup.ts',
      "isWithdrawn: ({ context }) => context.trigger === 'trial' && !context.isConfirmed,",
      'isWithdrawn: false,',
    ),
  ),
]
