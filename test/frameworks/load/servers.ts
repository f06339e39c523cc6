import 'reflect-metadata'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { changeover as middleware } from 'changeover/express'
import { changeover as plugin } from 'changeover/fastify'
import { ChangeoverModule } from 'changeover/nest'
import { pin, pinned } from 'changeover/request'
import { Controller, Get, Module, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import express from 'express'
import Fastify from 'fastify'
import type { Service } from '../pooled-service.ts'

/** A server under load. */
export interface LoadedServer {
  readonly port: number
  readonly close: () => Promise<unknown>
}

type Reloader = Service['reloader']

/** The versions that a request sees: three awaits, each with a query, and a stream whose every chunk looks again. */
async function* versions(reloader: Reloader, response: ServerResponse): AsyncGenerator<string> {
  for (let step = 0; step < 6; step += 1) {
    if (response.destroyed) return // nobody waits for the rest, and the request holds nothing any more
    const { config, modules } = pinned(reloader)
    const pool = modules.db.current
    if (step < 3) await turn()
    if (response.destroyed) return
    if (pool.isClosed) throw new Error('A query has met a closed pool')
    yield `${config.version} ${pool.version} `
  }
}

/** Answers with what a request has seen, from a stream. */
const answer = async (reloader: Reloader, response: ServerResponse): Promise<void> => {
  const seen: string[] = []
  const source = versions(reloader, response)
  for (let step = 0; step < 3; step += 1) seen.push((await source.next()).value ?? '')
  response.write(seen.join(''))
  Readable.from(source)
    .on('error', (error) => response.end(`✗ ${error.message}`))
    .pipe(response)
}

const onNode = async (reloader: Reloader): Promise<LoadedServer> => {
  const server = createServer((_request, response) => {
    void pin(reloader, () => answer(reloader, response), { until: response })
  })
  return listen(server)
}

const onExpress = (framework: typeof express) => (reloader: Reloader) => {
  const app = framework().use(middleware(reloader))
  app.get('/', (_request, response) => void answer(reloader, response))
  return listen(createServer(app))
}

const onFastify = async (reloader: Reloader): Promise<LoadedServer> => {
  const app = Fastify()
  await app.register(plugin, { reloader })
  app.get('/', async (_request, reply) => {
    reply.hijack()
    await answer(reloader, reply.raw)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
}

const onNest = async (reloader: Reloader): Promise<LoadedServer> => {
  class LoadController {
    answer(response: ServerResponse): Promise<void> {
      return answer(reloader, response)
    }
  }
  const descriptor = Object.getOwnPropertyDescriptor(LoadController.prototype, 'answer') as PropertyDescriptor
  Controller()(LoadController)
  Get()(LoadController.prototype, 'answer', descriptor)
  Res()(LoadController.prototype, 'answer', 0)
  class LoadModule {}
  Module({ imports: [ChangeoverModule.forRoot({ reloader })], controllers: [LoadController] })(LoadModule)
  const app = await NestFactory.create(LoadModule, { logger: ['error'] })
  await app.listen(0, '127.0.0.1')
  return {
    port: ((app.getHttpServer() as ReturnType<typeof createServer>).address() as AddressInfo).port,
    close: () => app.close(),
  }
}

const listen = async (server: ReturnType<typeof createServer>): Promise<LoadedServer> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => new Promise((resolve) => server.close(resolve))
  return { port: (server.address() as AddressInfo).port, close }
}

const express4 = createRequire(import.meta.url)('express4') as typeof express

/** Every way to pin a request, by its name. */
export const servers: Readonly<Record<string, (reloader: Reloader) => Promise<LoadedServer>>> = {
  'node:http': onNode,
  'Express 4': onExpress(express4),
  'Express 5': onExpress(express),
  Fastify: onFastify,
  Nest: onNest,
}
