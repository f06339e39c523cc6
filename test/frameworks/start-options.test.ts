import type { FastifyInstance } from 'fastify'
import { expect, it } from 'vitest'
import type { StartOptions } from '../../src/api/call-options.ts'
import { startOptionsOf } from '../../src/frameworks/fastify/options.ts'

it.each<[string, object, StartOptions | undefined, StartOptions]>([
  ['is half a second before the usual time', {}, undefined, { deadlineMs: 9_500 }],
  ['is half a second before the time of the app', { pluginTimeout: 2_000 }, undefined, { deadlineMs: 1_500 }],
  ['is that of start if Fastify never gives up', { pluginTimeout: 0 }, undefined, {}],
  ['is that of start if Fastify gives up within half a second', { pluginTimeout: 500 }, undefined, {}],
  ['is that of the user', { pluginTimeout: 2_000 }, { deadlineMs: 60_000 }, { deadlineMs: 60_000 }],
  ['is that of start if the user gives other options', {}, {}, {}],
])('The deadline of a start by Fastify %s', (_title, initialConfig, given, expected) => {
  expect(startOptionsOf({ initialConfig } as FastifyInstance, given)).toEqual(expected)
})
