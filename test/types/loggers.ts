/** Which loggers the option `logger` and logLevel accept: checked by `npm run types`. */
import { createReloader, type Logger, type Source } from 'changeover'
import { logLevel } from 'changeover/appliers'
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest } from 'fastify'
import { type Logger as PinoLogger, pino } from 'pino'
import { pino as pino9 } from 'pino9'
import { z } from 'zod'

declare const source: Source
declare const instance: FastifyInstance
declare const base: FastifyBaseLogger
declare const request: FastifyRequest

const custom = pino({ customLevels: { notice: 35 } })
const ofPino = [pino(), pino().child({}), pino().child({}, { level: 'warn' }).child({ a: 1 }), {} as PinoLogger]
const ofPino9 = [pino9(), pino9().child({ part: 'db' })]
const ofFastify = [base, instance.log, request.log, fastify({ logger: true }).log, base.child({ part: 'config' })]
const ofInstances = [fastify({ loggerInstance: pino() }).log, fastify({ loggerInstance: custom.child({}) }).log]

/** Any object with the four methods logs. */
export const loggers: readonly Logger[] = [
  ...ofPino,
  ...ofPino9,
  ...ofFastify,
  ...ofInstances,
  custom,
  custom.child({}, { customLevels: { audit: 45 } }),
  console,
  { debug: () => {}, info: async () => {}, warn: (data: object) => data, error: (...all: unknown[]) => all.length },
]
for (const logger of loggers) createReloader({ source, schema: z.object({}), logger })
createReloader({ source, schema: z.object({}), logger: instance.log })
createReloader({ source, schema: z.object({}), logger: custom.child({}) })
// @ts-expect-error there is no method error
createReloader({ source, schema: z.object({}), logger: { debug: () => {}, info: () => {}, warn: () => {} } })

export const levels = [
  ...ofPino.map(logLevel),
  ...ofPino9.map(logLevel),
  ...ofFastify.map(logLevel),
  ...ofInstances.map(logLevel),
  logLevel(custom),
  logLevel(custom.child({}, { customLevels: { audit: 45 } })),
  logLevel({ level: 'info' }),
]
// @ts-expect-error console has no level
logLevel(console)
// @ts-expect-error a level is a text
logLevel({ level: 30 })
