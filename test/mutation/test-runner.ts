import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Answer, Order } from './worker.ts'

/** Which tests reach a mutant, and how long each test file takes, in milliseconds. */
export interface Baseline {
  readonly durations: ReadonlyMap<string, number>
  readonly reachedBy: ReadonlyMap<number, ReadonlySet<string>>
  readonly failing: ReadonlySet<string>
}

const LEARN_LIMIT_MS = 1_800_000

/** Runs tests in a process of its own, which is ended and replaced if it takes too long. */
export class TestRunner {
  readonly #root: string
  readonly #reached: string
  #worker: ChildProcess | undefined

  constructor(root: string) {
    this.#root = root
    this.#reached = join(root, 'reached.jsonl')
  }

  /** Runs the tests after some files are written; undefined if they do not end in time. */
  async run(edits: Order['edits'], tests: readonly string[], limitMs: number, bail = 1): Promise<Answer | undefined> {
    const worker = this.#worker ?? (await this.#start())
    this.#worker = worker
    worker.send({ edits, tests, bail } satisfies Order)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), limitMs)
    })
    const ended = once(worker, 'exit').then(() => undefined)
    const answer = await Promise.race([once(worker, 'message').then(([value]) => value as Answer), late, ended])
    clearTimeout(timer)
    worker.removeAllListeners()
    if (answer === undefined) this.close()
    return answer
  }

  /** Runs the tests with markers in the files, and learns which test reaches which marker. */
  async learn(marked: Order['edits'], originals: Order['edits'], tests: readonly string[]): Promise<Baseline> {
    writeFileSync(this.#reached, '')
    const answer = await this.run(marked, tests, LEARN_LIMIT_MS, 0)
    await this.run(originals, [], LEARN_LIMIT_MS)
    if (answer === undefined) throw new Error('The tests of the unchanged code do not end in time')
    const reachedBy = new Map<number, Set<string>>()
    for (const line of readFileSync(this.#reached, 'utf8').split('\n').filter(Boolean)) {
      const { test, reached } = JSON.parse(line) as { test: string; reached: number[] }
      for (const mutant of reached) reachedBy.set(mutant, (reachedBy.get(mutant) ?? new Set()).add(test))
    }
    const failing = new Set(answer.failed.map(({ file }) => file))
    return { durations: new Map(Object.entries(answer.durations)), reachedBy, failing }
  }

  close(): void {
    const pid = this.#worker?.pid
    this.#worker = undefined
    // The group: the tests' own processes end with their worker.
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  }

  async #start(): Promise<ChildProcess> {
    rmSync(this.#reached, { force: true })
    const worker = fork(
      join(this.#root, 'test/mutation/worker.ts'),
      [this.#root, join(this.#root, 'test/mutation/reach.setup.ts')],
      {
        cwd: this.#root,
        execArgv: ['--import', 'tsx'],
        env: { ...process.env, CHANGEOVER_REACHED: this.#reached },
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
        detached: true,
      },
    )
    await once(worker, 'message')
    return worker
  }
}
