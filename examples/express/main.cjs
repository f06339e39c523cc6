const { join } = require('node:path')
const { closeOnSignals } = require('changeover')
const { changeover } = require('changeover/express')
const { health } = require('changeover/health')
const { inspector } = require('changeover/inspect')
const express = require('express')
const { createShop } = require('./reloader.cjs')

const { CONFIG_FILE = join(__dirname, 'config.yaml'), PORT = '0', ADMIN_KEY } = process.env

const main = async () => {
  const reloader = createShop(CONFIG_FILE)
  await reloader.start()
  const app = express()
  app.use(health(reloader).handler)
  if (ADMIN_KEY) app.use('/inspector', requireKey(ADMIN_KEY), inspector.handler({ reloader, actions: true }))
  app.use(changeover(reloader))

  // The limit and the database are of one config, and the client is not closed before the response has.
  app.get('/products', async ({ config, modules }, response) => {
    const { limit } = config.page
    response.json({ limit, products: await modules.redis.current.lrange('products', 0, limit - 1) })
  })

  const server = app.listen(Number(PORT), '127.0.0.1', () => {
    console.log(`Serving on http://127.0.0.1:${server.address().port}. Edit ${CONFIG_FILE}`)
  })
  closeOnSignals(reloader, { server })
}

const requireKey = (key) => (request, response, next) => {
  if (request.headers.authorization === `Bearer ${key}`) next()
  else response.sendStatus(401)
}

main().catch((error) => {
  console.error(error.message)
  process.exitCode = 1
})
