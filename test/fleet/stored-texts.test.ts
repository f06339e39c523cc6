import { describe, expect, it } from 'vitest'
import {
  answerName,
  commandName,
  decodeAnswer,
  decodeCommand,
  encodeAnswer,
  encodeCommand,
  type FleetAnswer,
  type FleetCommand,
  proposalName,
} from '../../src/fleet/fleet-command.ts'
import { decodeInstance, encodeInstance, type InstanceEntry, instanceName } from '../../src/fleet/instance-entry.ts'

const command: FleetCommand = { id: '7', action: 'freeze', to: ['web-1', 'web-2'], by: 'Ada', reason: 'migration' }
const answer: FleetAnswer = { command: '7', instance: 'web-1', isDone: false, code: 'fleet.not-allowed' }
const instance = { id: 'web-1', service: 'shop', session: 'f00', sequence: 3 } as InstanceEntry

interface Kind {
  readonly kind: string
  readonly value: object
  readonly text: string
  readonly decode: (text: string) => object | undefined
  /** Fields without which it is not understood, each with a value that it cannot have. */
  readonly wrong: readonly object[]
}

const kinds: readonly Kind[] = [
  {
    kind: 'command',
    value: command,
    text: encodeCommand(command),
    decode: decodeCommand,
    wrong: [{ id: 7 }, { to: 'web-1' }, { action: 'stop' }, { action: undefined }],
  },
  {
    kind: 'answer',
    value: answer,
    text: encodeAnswer(answer),
    decode: decodeAnswer,
    wrong: [{ command: 7 }, { instance: undefined }, { isDone: 'yes' }, { isDone: undefined }],
  },
  {
    kind: 'entry of an instance',
    value: instance,
    text: encodeInstance(instance),
    decode: decodeInstance,
    wrong: [{ id: 7 }, { service: undefined }, { session: 1 }],
  },
]

describe.each(kinds)('A stored $kind', ({ value, text, decode, wrong }) => {
  it('is read as it was written, in the form that other versions know', () => {
    expect(decode(text)).toMatchObject(value)
    expect(JSON.parse(text)).toEqual({ schema: 1, ...value })
  })

  it('is left out if this version does not understand it', () => {
    const others = [{ schema: 2 }, { schema: undefined }, ...wrong]
    const texts = others.map((fields) => JSON.stringify({ ...JSON.parse(text), ...fields }))
    for (const other of ['', '{', 'null', '7', '"x"', '[]', '{}', ...texts]) expect(decode(other)).toBeUndefined()
  })
})

it.each(['preflight', 'freeze', 'unfreeze', 'retry', 'confirm'] as const)('An instance understands %s', (action) => {
  expect(decodeCommand(encodeCommand({ ...command, action }))?.action).toBe(action)
})

it('What belongs to a fleet lies where other versions look for it', () => {
  expect([commandName('7'), proposalName('7'), answerName('7', 'web-1'), instanceName('web-1')]).toEqual([
    'commands/7',
    'proposals/7',
    'answers/7/web-1',
    'instances/web-1',
  ])
})
