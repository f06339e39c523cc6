import type { Applier, CompensatingApplier } from 'changeover'
import { defineApplier } from 'changeover'

/** The calls of a module's code; `undo` is an apply with direction `back`, `cleanup` what a prepare deferred. */
export type Hook = 'prepare' | 'commit' | 'rollback' | 'check' | 'close' | 'cleanup' | 'apply' | 'undo'

/**
 * How a hook misbehaves. `heed` hangs until its signal aborts and then rejects; `finish-on-abort` then does its work;
 * `deaf` hangs until released. `promise` returns a promise where none is allowed, `garbage` returns nonsense.
 */
export type Behavior =
  | 'throw'
  | 'reject'
  | 'reject-oddly'
  | 'heed'
  | 'finish-on-abort'
  | 'deaf'
  | 'promise'
  | 'garbage'
  | (() => unknown)

export interface Slice {
  readonly value: number
  readonly note?: string | undefined
}

/** The instance that users of a scripted module work with. */
export interface Instance {
  readonly module: string
  readonly generation: number
  readonly value: number
  /** The instances that its prepare received through `needs`. */
  readonly needs: Readonly<Record<string, unknown>>
  /** The number of times it was closed. */
  closes: number
}

export interface Call {
  readonly hook: Hook
  readonly module: string
  /** Counts the prepares of the module, from 1; 0 for compensating modules. */
  readonly generation: number
  readonly value: number
  /**
   * The call as text: `commit a2` is hook, module, generation; for a compensating module `apply k:2` is hook, module,
   * value.
   */
  readonly text: string
}

/** The notes that all modules of a service share. */
export interface Ledger {
  readonly calls: Call[]
  /** What commits and applies have changed, by module: the side effect in which a mix would be visible. */
  readonly effects: Record<string, number | undefined>
}

/** Creates the script of one module, which says how its next calls behave, and keeps the calls that hang. */
const createScript = (name: string) => {
  const queues = new Map<Hook, (Behavior | undefined)[]>()
  const always = new Map<Hook, Behavior>()
  const hanging = new Set<(error?: unknown) => void>()

  const hang = (signal: AbortSignal | undefined, onAbort: 'reject' | 'resolve' | undefined): Promise<void> =>
    new Promise((resolve, reject) => {
      const go = (error?: unknown): void => {
        hanging.delete(go)
        if (error === undefined) resolve()
        else reject(error)
      }
      hanging.add(go)
      if (onAbort !== undefined)
        signal?.addEventListener('abort', () => go(onAbort === 'reject' ? signal.reason : undefined))
    })

  const play = (hook: Hook, signal?: AbortSignal): unknown => {
    const behavior = queues.get(hook)?.shift() ?? always.get(hook)
    if (typeof behavior === 'function') return behavior()
    const error = new Error(`scripted: ${hook} of ${name}`)
    switch (behavior) {
      case undefined:
      case 'garbage':
        return behavior
      case 'throw':
        throw error
      case 'reject':
        return Promise.reject(error)
      case 'reject-oddly':
        return Promise.reject(null)
      case 'promise':
        return Promise.resolve()
      case 'heed':
        return hang(signal, 'reject')
      case 'finish-on-abort':
        return hang(signal, 'resolve')
      case 'deaf':
        return hang(undefined, undefined)
    }
  }

  return {
    play,
    controls: {
      /** Sets how the next calls of the hook behave, one by one; `undefined` for a good one. */
      script: (hook: Hook, ...behaviors: (Behavior | undefined)[]): void => {
        queues.set(hook, [...(queues.get(hook) ?? []), ...behaviors])
      },
      /** Sets how all calls of the hook without a script behave; without a behavior they are good again. */
      always: (hook: Hook, behavior?: Behavior): void => {
        if (behavior === undefined) always.delete(hook)
        else always.set(hook, behavior)
      },
      /** Lets every hanging call continue its work, or reject with `error`. */
      release: (error?: unknown): void => {
        for (const go of [...hanging]) go(error)
      },
      /** Forgets all scripts and releases every hanging call. */
      heal: (): void => {
        queues.clear()
        always.clear()
        for (const go of [...hanging]) go()
      },
      /** The number of calls that hang. */
      get hanging(): number {
        return hanging.size
      },
    },
  }
}

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise

/**
 * Creates a module with generations. Its commit changes `effects` before its script plays, so a throw leaves it
 * half-done.
 */
export const scriptedModule = <Needs extends object = object>(name: string, { calls, effects }: Ledger) => {
  const { play, controls } = createScript(name)
  const made: Instance[] = []
  let prepares = 0

  const applier: Applier<Slice, Instance, Needs> = {
    prepare: (slice, { signal, needs, defer }) => {
      const generation = ++prepares
      const note = (hook: Hook): void => {
        calls.push({ hook, module: name, generation, value: slice.value, text: `${hook} ${name}${generation}` })
      }
      note('prepare')
      defer(() => {
        note('cleanup')
        return play('cleanup')
      })
      let before: { readonly effect: number | undefined } | undefined
      const make = () => {
        const instance: Instance = {
          module: name,
          generation,
          value: slice.value,
          needs: Object.fromEntries(Object.entries(needs)),
          closes: 0,
        }
        made.push(instance)
        return {
          instance,
          commit: () => {
            note('commit')
            before = { effect: effects[name] }
            effects[name] = slice.value
            return play('commit') as undefined
          },
          rollback: () => {
            note('rollback')
            const returned = play('rollback') as undefined
            if (before !== undefined) effects[name] = before.effect
            return returned
          },
          check: async (checkSignal: AbortSignal) => {
            note('check')
            await play('check', checkSignal)
          },
          close: async () => {
            note('close')
            instance.closes++
            await play('close')
          },
        }
      }
      const played = play('prepare', signal)
      if (isPromise(played)) return played.then(make)
      return played === 'garbage' ? (played as never) : make()
    },
  }
  return {
    name,
    applier,
    /** The instances of all generations that were made, in order. */
    made,
    ...controls,
    get hanging(): number {
      return controls.hanging
    },
  }
}

/** Creates a compensating module. Its apply changes `effects` after its script has played. */
export const scriptedCompensating = (name: string, { calls, effects }: Ledger) => {
  const { play, controls } = createScript(name)
  const note = (hook: Hook, value: number, text: string): void => {
    calls.push({ hook, module: name, generation: 0, value, text })
  }
  const applier: CompensatingApplier<Slice> = defineApplier<Slice>({
    apply: async (next, _previous, { direction, signal }) => {
      const hook = direction === 'forward' ? 'apply' : 'undo'
      note(hook, next.value, `${hook} ${name}:${next.value}`)
      await play(hook, signal)
      effects[name] = next.value
    },
    close: async () => {
      note('close', effects[name] ?? 0, `close ${name}`)
      await play('close')
      effects[name] = undefined
    },
  })
  return {
    name,
    applier,
    made: [] as Instance[],
    ...controls,
    get hanging(): number {
      return controls.hanging
    },
  }
}
