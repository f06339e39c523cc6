const { once } = require('node:events')
const { createReloader } = require('changeover')
const { resource } = require('changeover/appliers')
const { fileSource } = require('changeover/file')
const { Redis } = require('ioredis')
const { pino } = require('pino')
const v = require('valibot')
const { parse } = require('yaml')

const whole = (least, most) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most))

const Config = v.strictObject({
  page: v.strictObject({ limit: whole(1, 100) }),
  redis: v.strictObject({
    host: v.string(),
    port: whole(1, 65_535),
    db: whole(0, 15),
    password: v.optional(v.string()),
  }),
})

/** A client answers before anything changes, and the old one quits after its last command. */
const redis = resource({
  open: async (slice, { defer, signal }) => {
    const client = new Redis({ ...slice, maxRetriesPerRequest: 1 })
    client.on('error', () => {}) // its commands fail with it
    defer(() => client.disconnect())
    await once(client, 'ready', { signal }) // fails with the error of the connection
    return client
  },
  check: (client) => client.ping(),
  close: (client) => client.quit(),
  destroy: (client) => client.disconnect(),
})

const parseYaml = (text) => parse(text, { logLevel: 'error' }) // a warning would quote the document
const options = { parse: parseYaml, schema: Config, logger: pino(), public: ['page'] }

exports.createShop = (path) =>
  createReloader({ ...options, source: fileSource({ path }) }).use('redis', (config) => config.redis, redis)
