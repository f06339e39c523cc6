import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWebSocketInspector } from '@statelyai/inspect'
import { createInspectorServer } from '@statelyai/inspect/server'
import { aborted, type Defer, runToEnd, stopSignal } from '../service/lifetime.ts'
import { type Frames, receiveFrames } from './frames.ts'
import { acts, createService, passwords } from './service.ts'

/** With the default of 10 the charts would be cut off. */
const serializationDepthLimit = 20

/** The relay cannot choose one by itself. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The relay of the package, an inspector that sends to it, and a receiver in the place of its page. */
const openInspector = async (port: number, defer: Defer) => {
  // By default it would open a browser. It listens on all interfaces, without a token: that is no choice of ours.
  const relay = createInspectorServer({ port, autoOpen: false })
  defer(async () => relay.stop())
  const url = `ws://127.0.0.1:${port}`
  const frames = await receiveFrames(url, (line) => console.log(`   ${line}`))
  defer(frames.close)
  // Only now that the relay listens: an inspector that once fails to connect tries for ever, and cannot be stopped.
  const inspector = createWebSocketInspector({ url, serializationDepthLimit })
  defer(async () => inspector.stop())
  return { inspector, frames }
}

/** A real reload, four times, as the inspector sees it. */
const playActs = async (inspector: ReturnType<typeof createWebSocketInspector>, frames: Frames, defer: Defer) => {
  const folder = await mkdtemp(join(tmpdir(), 'changeover-inspector-'))
  defer(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'config.json')
  const service = createService(path, inspector.inspect)
  defer(service.close)
  const records = service.transactions()
  for (const [index, { title, text, outcome }] of acts.entries()) {
    console.log(`${index === 0 ? '' : '\n'}${index + 1}. ${title}`)
    const seen = frames.steps()
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
    if (index === 0) await service.start({ deadlineMs: 10_000 })
    const { value: record } = await records.next()
    if (record?.outcome !== outcome) throw new Error(`This should have ended ${outcome}.`)
    await frames.untilState('reload', `resting.${outcome}`, seen)
  }
  return service
}

const showFrames = async (stop: AbortSignal, keepsOpen: boolean, defer: Defer): Promise<void> => {
  const port = Number(process.env.PORT ?? (await freePort()))
  const { inspector, frames } = await openInspector(port, defer)
  const service = await playActs(inspector, frames, defer)
  if (keepsOpen) {
    console.log(
      `\nOpen http://localhost:${port} in a browser. The page needs the internet: it shows the viewer of stately.ai`,
    )
    console.log('and hands the frames to it. Until Ctrl-C, whoever reaches this port can see them too.')
    await aborted(stop)
  }
  console.log('\nThe service ends')
  await service.close()
  await frames.untilState('reload', 'closed', 0)
  if (frames.texts.some((text) => passwords.some((password) => text.includes(password)))) {
    throw new Error('A frame holds a password.')
  }
  console.log(`\n${frames.texts.length} frames of the machines ${frames.names().join(', ')}. No password is in them.`)
}

const keepsOpen = process.argv.includes('--viewer')
await runToEnd((defer) => showFrames(stopSignal(), keepsOpen, defer))
// The relay lets its clients go on, and a browser that is still connected would keep the process.
process.exit()
