import { once } from 'node:events'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createWebSocketInspector } from '@statelyai/inspect'
import { createInspectorServer } from '@statelyai/inspect/server'
import { closeOnSignals } from 'changeover'
import { type Defer, runToEnd } from '../service/lifetime.ts'
import { type Frames, receiveFrames } from './frames.ts'
import { acts, createService, passwords } from './service.ts'

/** The default of 10 would truncate the definitions of the machines. */
const serializationDepthLimit = 20

/** Finds a free port, since the relay cannot choose one. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts the relay of the package, an inspector that sends to it, and a receiver instead of its page. */
const openInspector = async (port: number, defer: Defer) => {
  // By default it opens a browser. It always listens on all interfaces, without a token.
  const relay = createInspectorServer({ port, autoOpen: false })
  defer(async () => relay.stop())
  const url = `ws://127.0.0.1:${port}`
  const frames = await receiveFrames(url, (line) => console.log(`   ${line}`))
  defer(frames.close)
  // Created after the relay listens: an inspector that fails to connect retries forever, and cannot be stopped.
  const inspector = createWebSocketInspector({ url, serializationDepthLimit })
  defer(async () => inspector.stop())
  return { inspector, frames }
}

/** Makes four real reloads, which the inspector follows. */
const playActs = async (
  inspector: ReturnType<typeof createWebSocketInspector>,
  frames: Frames,
  defer: Defer,
  onClosed: () => Promise<void>,
) => {
  const folder = await mkdtemp(join(tmpdir(), 'changeover-inspector-'))
  defer(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'config.json')
  const service = createService(path, inspector.inspect)
  defer(service.close)
  closeOnSignals(service, { onClosed })
  const records = service.transactions()
  for (const [index, { title, text, outcome }] of acts.entries()) {
    console.log(`${index === 0 ? '' : '\n'}${index + 1}. ${title}`)
    const seen = frames.steps()
    await writeFile(`${path}.new`, text)
    await rename(`${path}.new`, path)
    if (index === 0) await service.start({ deadlineMs: 60_000 })
    const { value: record } = await records.next()
    if (record?.outcome !== outcome) throw new Error(`The outcome should have been ${outcome}.`)
    await frames.untilState('reload', `resting.${outcome}`, seen)
  }
  return service
}

const showFrames = async (staysOpen: boolean, defer: Defer, onClosed: () => Promise<void>): Promise<void> => {
  const port = Number(process.env.PORT ?? (await freePort()))
  const { inspector, frames } = await openInspector(port, defer)
  const service = await playActs(inspector, frames, defer, onClosed)
  if (staysOpen) {
    console.log(
      `\nOpen http://localhost:${port} in a browser. The page loads the viewer of stately.ai from the internet.`,
    )
    console.log('Until Ctrl-C, anyone who can reach this port can see the frames.')
    for await (const _ of service.transactions()); // ends when a signal has closed the service
  }
  console.log('\nThe service closes')
  await service.close()
  await frames.untilState('reload', 'closed', 0)
  if (frames.texts.some((text) => passwords.some((password) => text.includes(password)))) {
    throw new Error('A frame contains a password.')
  }
  console.log(`\n${frames.texts.length} frames of the machines ${frames.names().join(', ')}. None contains a password.`)
}

const staysOpen = process.argv.includes('--viewer')
const shown: Promise<void> = runToEnd((defer) => showFrames(staysOpen, defer, () => shown))
await shown
// The relay does not disconnect its clients, and a connected browser would keep the process alive.
process.exit()
