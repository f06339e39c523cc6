// Holds one Vitest and runs test files again and again, so that unchanged files are transformed once.
import { writeFileSync } from 'node:fs'
import { createVitest, type TestModule, type TestSpecification } from 'vitest/node'

/** What the parent asks for: files to write, and the tests to run after that. */
export interface Order {
  readonly edits: readonly { readonly path: string; readonly text: string }[]
  readonly tests: readonly string[]
  readonly bail: number
}

export interface Answer {
  readonly failed: readonly { readonly file: string; readonly title: string }[]
  readonly durations: Readonly<Record<string, number>>
}

class InGivenOrder {
  shard(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(specifications)
  }

  sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    return Promise.resolve(specifications)
  }
}

const [root = '.', setupFile = ''] = process.argv.slice(2)

const vitest = await createVitest('test', {
  root,
  watch: false,
  maxWorkers: 1,
  fileParallelism: false,
  // Loading the modules again for each file takes longer than most tests.
  isolate: false,
  reporters: [{}],
  setupFiles: [setupFile],
  sequence: { sequencer: InGivenOrder },
})

const hasEnded = (module: TestModule): boolean => !['queued', 'pending'].includes(module.state())

/** After a failure, the other tests of a file that run at the same time are given up, and the file never ends. */
const failureOf = (module: TestModule): { file: string; title: string } | undefined => {
  const [first] = module.children.allTests('failed')
  if (first === undefined && (module.ok() || !hasEnded(module))) return undefined
  return { file: module.relativeModuleId, title: first?.fullName ?? 'the file fails as a whole' }
}

const run = async ({ edits, tests, bail }: Order): Promise<Answer> => {
  for (const { path, text } of edits) {
    writeFileSync(path, text)
    vitest.invalidateFile(path)
  }
  vitest.state.filesMap.clear()
  vitest.config.bail = bail
  const project = vitest.getRootProject()
  project.config.bail = bail
  const specifications = tests.map((path) => project.createSpecification(path))
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications)
  const ended = testModules.filter(hasEnded)
  const failed = testModules.flatMap((module) => failureOf(module) ?? [])
  if (unhandledErrors.length > 0) failed.push({ file: '', title: 'an error that nothing handles' })
  const durations = Object.fromEntries(
    ended.map((module) => {
      const { duration, collectDuration, prepareDuration } = module.diagnostic()
      return [module.relativeModuleId, duration + collectDuration + prepareDuration]
    }),
  )
  return { failed, durations }
}

process.on('message', (order: Order) => {
  run(order).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${String((error as Error).stack)}\n`)
      process.exit(1)
    },
  )
})
process.on('disconnect', () => process.exit(0))
process.send?.('ready')
