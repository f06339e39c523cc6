import type { Call } from '../guarantees/scripted-modules.ts'
import type { Random } from '../support/random.ts'
import type { BootOptions, Process } from './process.ts'

type Kind = 'good' | 'sick' | 'refused' | 'unpreparable' | 'crashes early' | 'crashes late'

const badKinds: readonly Kind[] = ['sick', 'refused', 'unpreparable', 'crashes early', 'crashes late']

/** Returns what a document does, by the last digit of its value: half of the digits are good. */
export const kindOf = (value: number): Kind => badKinds[(value % 10) - 5] ?? 'good'

const refuse = ({ value }: { readonly value: number }): void => {
  if (kindOf(value) === 'refused') throw new Error('refused')
}

/** Makes settings with short times; half of the histories require a confirmation, within `withinMs`. */
export const settingsOf = (random: Random): BootOptions => ({
  soak: { durationMs: 1_000, intervalMs: 200 },
  policies: [refuse],
  maxAttempts: 2,
  deadlines: { persistMs: 300, prepareMs: 2_000, graceMs: 0 },
  quarantine: { minMs: 1_000, maxMs: 4_000, crashMs: 3_600_000 },
  ...(random.chance(0.5) ? { confirm: { withinMs: 3_000 } } : {}),
})

/** Within the soak, so that a config that crashes never passes it. */
const CRASH_MS = 500

/** Returns how modules react to a document; `die` ends the process. */
export const reactionOf =
  (process: Process, die: (value: number) => void) =>
  ({ hook, module, value }: Call): unknown => {
    const kind = kindOf(value)
    if (hook === 'check') return module === 'a' && kind === 'sick' ? Promise.reject(new Error('sick')) : undefined
    if (module !== 'b') return undefined
    if (hook === 'prepare' && kind === 'unpreparable') return Promise.reject(new Error('unpreparable'))
    if (hook === 'prepare' && kind === 'crashes early') {
      die(value)
      return new Promise(() => {})
    }
    if (hook === 'commit' && kind === 'crashes late') {
      // A config that was rolled back crashes nothing.
      void process.sleep(CRASH_MS).then(() => !process.isOver && process.served === value && die(value))
    }
    return undefined
  }
