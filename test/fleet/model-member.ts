import { createReloader } from 'changeover'
import { fleet } from 'changeover/fleet'
import { memorySource } from 'changeover/testing'
import type { TestContext } from 'vitest'
import { z } from 'zod'
import { decodeInstance, type InstanceEntry } from '../../src/fleet/instance-entry.ts'
import type { Member } from '../../src/fleet/membership.ts'
import type { ModelFleet } from './model-fleet.ts'

const Config = z.object({ n: z.number() })
const never = new AbortController().signal

/** A member of a model of a fleet, whose source is in memory. */
export const join = (
  test: TestContext,
  model: ModelFleet,
  options: Partial<Parameters<typeof createReloader>[0]> = {},
) => {
  const memory = memorySource('{"n":1}')
  let member: Member | undefined
  const source = {
    ...memory,
    attach: (context: Parameters<NonNullable<typeof memory.attach>>[0]) => {
      member = fleet({ service: 'shop' }).join(context, model.store())
    },
    close: async () => member?.leave(),
  }
  const reloader = createReloader({ source, schema: Config, ...options } as never).use(
    'module',
    (config) => config as object,
    { prepare: () => ({ instance: 1 }) },
  )
  test.onTestFinished(() => reloader.close())
  return { memory, reloader }
}

export const entriesOf = async (model: ModelFleet): Promise<readonly InstanceEntry[]> => {
  const { entries } = await model.store().list('instances/', never)
  return entries.flatMap(({ text }) => decodeInstance(text) ?? [])
}
