import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { isChangeoverError } from 'changeover'
import { pin, pinned, renew } from 'changeover/request'
import { afterEach, describe, expect, it } from 'vitest'
import { begin, gate, listen } from './http-client.ts'
import { makeService } from './pooled-service.ts'

const services: ReturnType<typeof makeService>[] = []
const servers: Server[] = []

const started = async (...args: Parameters<typeof makeService>) => {
  const service = makeService(...args)
  services.push(service)
  await service.reloader.start()
  return service
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await Promise.all(services.splice(0).map(({ reloader }) => reloader.close()))
})

const codeOf = (call: () => unknown): string | undefined => {
  try {
    call()
  } catch (error) {
    if (isChangeoverError(error)) return error.code
    throw error
  }
  return undefined
}

describe('pin', () => {
  it('shows one snapshot below the task across awaits and reloads', async () => {
    const { reloader, serve, onlyOnePoolLeft } = await started()
    await pin(reloader, async ({ config, modules }) => {
      const pool = modules.db.current
      await serve(2)
      expect(config.version).toBe(1)
      expect(pinned(reloader).config).toBe(config)
      await wait(1)
      expect(pinned(reloader).modules.db.current).toBe(pool)
      expect(await pool.query()).toBe(1)
    })
    await onlyOnePoolLeft()
  })

  it('returns what the task returns, and throws what it throws', async () => {
    const { reloader, serve, onlyOnePoolLeft } = await started()
    expect(pin(reloader, ({ config }) => config.version)).toBe(1)
    await expect(pin(reloader, async () => 'later')).resolves.toBe('later')
    const error = new Error('of the task')
    expect(() =>
      pin(reloader, () => {
        throw error
      }),
    ).toThrow(error)
    await expect(pin(reloader, () => Promise.reject(error))).rejects.toBe(error)
    await serve(2)
    await onlyOnePoolLeft()
  })

  it('does not leak into the context of its caller', async () => {
    const { reloader } = await started()
    await pin(reloader, async () => {})
    expect(codeOf(() => pinned())).toBe('request.not-pinned')
    const later = pin(reloader, () => wait(1))
    expect(codeOf(() => pinned())).toBe('request.not-pinned')
    await later
    expect(codeOf(() => pinned())).toBe('request.not-pinned')
  })

  it('keeps what two reloaders serve apart, and returns the innermost without an argument', async () => {
    const [one, other] = [await started(), await started()]
    await other.serve(7)
    pin(one.reloader, () =>
      pin(other.reloader, () => {
        expect(pinned(one.reloader).config.version).toBe(1)
        expect(pinned(other.reloader).config.version).toBe(7)
        expect((pinned() as { config: object }).config).toEqual({ version: 7 })
      }),
    )
  })

  it('pins anew within a pin', async () => {
    const { reloader, serve } = await started()
    await pin(reloader, async () => {
      await serve(2)
      pin(reloader, () => expect(pinned(reloader).config.version).toBe(2))
      expect(pinned(reloader).config.version).toBe(1)
    })
  })

  it('is not seen by what the reloader prepares for a request', async () => {
    const seen: (string | undefined)[] = []
    const { reloader, source } = await started({
      policies: [() => void seen.push(codeOf(() => pinned()))],
    } as never)
    source.put({ version: 2 })
    await pin(reloader, () => reloader.reload())
    expect(new Set(seen)).toEqual(new Set(['request.not-pinned']))
  })

  it.each([
    ['an option that it does not know', { till: 1 }],
    ['an end without events', { until: {} }],
  ])('refuses %s', async (_title, options) => {
    const { reloader } = await started()
    expect(codeOf(() => pin(reloader, () => {}, options as never))).toBe('reloader.invalid-option')
  })

  it.each([[undefined], [null], [{}], ['reloader']])('refuses %j as a reloader', (reloader) => {
    expect(codeOf(() => pin(reloader as never, () => {}))).toBe('reloader.invalid-option')
  })

  it('fails before the first commit and after the close, each with its code', async () => {
    const service = makeService()
    expect(codeOf(() => pin(service.reloader, () => {}))).toBe('reloader.not-started')
    await service.reloader.start()
    await service.reloader.close()
    expect(codeOf(() => pin(service.reloader, () => {}))).toBe('request.after-close')
  })
})

describe('a pin until a response has closed', () => {
  const serveUntilClosed = async (service: Awaited<ReturnType<typeof started>>, task: () => unknown) => {
    const { reloader } = service
    const server = createServer((request, response) => {
      pin(
        reloader,
        () => {
          response.write('head')
          return request.url === '/quick' ? response.end() : task()
        },
        { until: response, route: 'GET /users/:id' },
      )
    })
    servers.push(server)
    return { address: await listen(server), server }
  }

  it('holds while the response is open, although the task has returned', async () => {
    const service = await started()
    const { address } = await serveUntilClosed(service, () => {})
    const { abort } = await begin(address)
    await service.serve(2)
    await wait(5)
    expect(service.reloader.status().modules.db?.live).toBe(2)
    abort()
    await service.onlyOnePoolLeft()
  })

  it('holds until the task has ended, although the client has gone', async () => {
    const service = await started()
    const { open, opened } = gate()
    const { address, server } = await serveUntilClosed(service, () => opened)
    server.once('request', (_, response) => response.once('close', () => setImmediate(closed.open)))
    const closed = gate()
    const { abort } = await begin(address)
    await service.serve(2)
    abort()
    await closed.opened
    expect(service.reloader.status().modules.db?.live).toBe(2)
    open()
    await service.onlyOnePoolLeft()
  })

  it('ends with a response that is answered, and with one that has closed before', async () => {
    const service = await started()
    const { address } = await serveUntilClosed(service, () => {})
    await (await fetch(`${address}/quick`)).text()
    pin(service.reloader, () => {}, { until: { once: () => {}, closed: true } })
    pin(service.reloader, () => {}, { until: { once: () => {}, destroyed: true } })
    await service.serve(2)
    await service.onlyOnePoolLeft()
  })

  it('is named by its route if it is overdue, and its URL is not shown', async () => {
    const service = await started({ deadlines: { leaseMs: 20 } })
    const { address } = await serveUntilClosed(service, () => {})
    const held = await Promise.all([begin(`${address}/users/4711?token=secret`), begin(`${address}/users/4712`)])
    await service.serve(2)
    await expect.poll(() => service.failures.find(({ code }) => code === 'lease.overdue')).toBeDefined()
    const overdue = service.failures.find(({ code }) => code === 'lease.overdue')
    expect(overdue).toMatchObject({ module: 'db', detail: 'held by GET /users/:id' })
    expect(JSON.stringify(service.failures)).not.toMatch(/471|secret/)
    for (const { abort } of held) abort()
  })
})

describe('an overdue lease', () => {
  it('names three routes at most, and none for a lease without a route', async () => {
    const { reloader, failures, serve } = await started({ deadlines: { leaseMs: 20 } })
    const { opened, open } = gate()
    const tasks = ['d', 'b', 'a', 'c', 'a'].map((route) => pin(reloader, () => opened, { route: `GET /${route}` }))
    await serve(2)
    tasks.push(reloader.lease(() => opened))
    await serve(3)
    await expect.poll(() => failures).toHaveLength(2)
    expect(failures.map(({ code, detail }) => [code, detail])).toEqual([
      ['lease.overdue', 'held by GET /a, GET /b, GET /c and 1 more'],
      ['lease.overdue', undefined],
    ])
    open()
    await Promise.all(tasks)
  })
})

describe('pinned', () => {
  it('throws outside of a request, with a hint', () => {
    expect(() => pinned()).toThrow(/request\.not-pinned: No request is pinned here\. Call pinned\(\) below a handler/)
  })

  it('gives what serves outside of a request if asked to', async () => {
    const { reloader, serve } = await started()
    const { config, modules } = pinned(reloader, { outside: 'serving' })
    await serve(2)
    expect([config.version, modules.db.current.version]).toEqual([1, 1])
    expect(pinned(reloader, { outside: 'serving' }).config.version).toBe(2)
    await reloader.close()
    expect(codeOf(() => pinned(reloader, { outside: 'serving' }))).toBe('reloader.closed')
  })

  it('is that of the other reloader outside of its requests only', async () => {
    const [one, other] = [await started(), await started()]
    pin(one.reloader, () => expect(codeOf(() => pinned(other.reloader))).toBe('request.not-pinned'))
  })

  it('stays after the end of the request for as long as its config serves', async () => {
    const { reloader, serve } = await started()
    const [late, ended] = [gate(), gate()]
    const work = pin(reloader, () => {
      const background = (async () => {
        await ended.opened
        const view = pinned(reloader)
        await late.opened
        const code = codeOf(() => pinned(reloader))
        return { version: view.config.version, code, now: pinned(reloader, { outside: 'serving' }).config.version }
      })()
      return { background }
    })
    ended.open()
    await wait(1)
    await serve(2)
    late.open()
    expect(await work.background).toEqual({ version: 1, code: 'request.not-pinned', now: 2 })
  })

  it.each([[{ outside: 'nothing' }], [{ inside: 'serving' }]])('refuses the options %j', async (options) => {
    const { reloader } = await started()
    expect(codeOf(() => pinned(reloader, options as never))).toBe('reloader.invalid-option')
  })
})

describe('renew', () => {
  it('lets a stream go on with what serves, and lets go of what it held', async () => {
    const { reloader, serve, onlyOnePoolLeft } = await started()
    await pin(reloader, async () => {
      await serve(2)
      expect(pinned(reloader).config.version).toBe(1)
      renew()
      expect(pinned(reloader).config.version).toBe(2)
      expect(await pinned(reloader).modules.db.current.query()).toBe(2)
      await onlyOnePoolLeft()
      await serve(3)
    })
    await onlyOnePoolLeft()
  })

  it('fails outside of a request, for an object that is not pinned, and after the end', async () => {
    const { reloader } = await started()
    expect(codeOf(() => renew())).toBe('request.not-pinned')
    expect(codeOf(() => renew({}))).toBe('request.not-pinned')
    const { open, opened } = gate()
    const { late } = pin(reloader, () => ({ late: opened.then(() => codeOf(() => renew())) }))
    open()
    expect(await late).toBe('request.not-pinned')
  })

  it('keeps what it holds if the reloader has closed meanwhile', async () => {
    const { reloader } = await started({ deadlines: { leaseMs: 50 } })
    await pin(reloader, async () => {
      const closing = reloader.close()
      expect(codeOf(() => renew())).toBe('request.after-close')
      expect(pinned(reloader).config.version).toBe(1)
      await closing
    })
  })
})

describe('a socket', () => {
  it('can be the end of a pin', async () => {
    const service = await started()
    const server = createServer()
    server.on('upgrade', (_request, socket) => {
      socket.on('error', () => {})
      socket.resume().once('end', () => socket.end()) // as a library for WebSockets does
      pin(service.reloader, () => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'), { until: socket })
    })
    servers.push(server)
    const url = new URL(await listen(server))
    const { connect } = await import('node:net')
    const client = connect(Number(url.port), '127.0.0.1')
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n')
    await once(client, 'data')
    await service.serve(2)
    expect(service.reloader.status().modules.db?.live).toBe(2)
    client.destroy()
    await service.onlyOnePoolLeft()
  })
})
