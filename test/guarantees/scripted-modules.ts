import type { Applier, CompensatingApplier } from 'changeover'
import { defineApplier } from 'changeover'

/** What a module's code is called for; `undo` is an apply with direction `back`, `cleanup` what a prepare deferred. */
export type Hook = 'prepare' | 'commit' | 'rollback' | 'check' | 'close' | 'cleanup' | 'apply' | 'undo'

/**
 * How a hook misbehaves. `heed` hangs until its signal aborts and then rejects; `finish-on-abort` does its work then;
 * `deaf` hangs until it is released. `promise` answers with a promise where none is allowed, `garbage` with nonsense.
 */
export type Behaviour =
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

/** What users of a scripted module work with. */
export interface Instance {
  readonly module: string
  readonly generation: number
  readonly value: number
  /** What its prepare was given by `needs`. */
  readonly needs: Readonly<Record<string, unknown>>
  /** How often it was closed. */
  closes: number
}

export interface Call {
  readonly hook: Hook
  readonly module: string
  /** Counts the prepares of the module, from 1; 0 for compensating modules. */
  readonly generation: number
  readonly value: number
  /** `commit a2`: hook, module, generation; of a compensating module `apply k:2`: hook, module, value. */
  readonly text: string
}

/** What all modules of a world share. */
export interface Ledger {
  readonly calls: Call[]
  /** What commits and applies have changed, by module: the side effect that must never be mixed. */
  readonly effects: Record<string, number | undefined>
}

/** The script of one module: how its next calls go, and the calls that hang. */
const createScript = (name: string) => {
  const queues = new Map<Hook, (Behaviour | undefined)[]>()
  const always = new Map<Hook, Behaviour>()
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
    const behaviour = queues.get(hook)?.shift() ?? always.get(hook)
    if (typeof behaviour === 'function') return behaviour()
    const error = new Error(`scripted: ${hook} of ${name}`)
    switch (behaviour) {
      case undefined:
      case 'garbage':
        return behaviour
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
      /** How the next calls of the hook go, one by one; `undefined` for a good one. */
      script: (hook: Hook, ...behaviours: (Behaviour | undefined)[]): void => {
        queues.set(hook, [...(queues.get(hook) ?? []), ...behaviours])
      },
      /** How all calls of the hook go that have no script; without a behaviour they are good again. */
      always: (hook: Hook, behaviour?: Behaviour): void => {
        if (behaviour === undefined) always.delete(hook)
        else always.set(hook, behaviour)
      },
      /** Lets every call that hangs go on with its work, or reject with `error`. */
      release: (error?: unknown): void => {
        for (const go of [...hanging]) go(error)
      },
      /** Forgets all scripts and lets go what hangs. */
      heal: (): void => {
        queues.clear()
        always.clear()
        for (const go of [...hanging]) go()
      },
      /** How many calls hang. */
      get hanging(): number {
        return hanging.size
      },
    },
  }
}

const isPromise = (value: unknown): value is Promise<unknown> => value instanceof Promise

/** A module with generations. Its commit changes `effects` before its script plays, so that a throw comes half-way. */
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

/** A compensating module. Its apply changes `effects` after its script has played. */
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
