import { ContractKit } from './contract-kit.ts'
import { lifeCases } from './life-cases.ts'
import { readCases } from './read-cases.ts'
import type { CaseBody, ContractCase, SourceContractOptions, SourceSetup } from './source-setup.ts'
import { watchCases } from './watch-cases.ts'

/** Below the 5 s after which most test runners give a test up. */
const TIMEOUT_MS = 4_000

/**
 * Returns the tests that every source must pass, for any test runner. Each makes a setup of its own, whose store has no
 * document yet.
 *
 * @example
 * ```ts
 * import { test } from 'node:test'
 * import { memorySource, sourceContract } from 'changeover/testing'
 *
 * const make = () => {
 *   const source = memorySource()
 *   return { source, put: source.put, remove: source.delete, wipe: source.wipe }
 * }
 * for (const { name, run } of sourceContract(make, { lacks: ['breakWatch'] })) test(name, run)
 * ```
 */
export const sourceContract = (
  make: () => SourceSetup | Promise<SourceSetup>,
  { lacks = [], timeoutMs = TIMEOUT_MS }: SourceContractOptions = {},
): readonly ContractCase[] =>
  [...readCases, ...watchCases, ...lifeCases]
    .filter(({ needs = [] }) => !needs.some((ability) => lacks.includes(ability)))
    .map(({ name, body }) => ({ name, run: () => runCase(make, body, timeoutMs) }))

const runCase = async (
  make: () => SourceSetup | Promise<SourceSetup>,
  body: CaseBody<ContractKit>['body'],
  timeoutMs: number,
): Promise<void> => {
  const kit = new ContractKit(await make(), timeoutMs)
  try {
    await body(kit)
  } finally {
    await kit.end()
  }
}
