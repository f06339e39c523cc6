import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createMachine } from 'xstate'
import { admissionMachine, reloadMachine, watchMachine } from 'changeover/machines'
import { receiveFrames } from '../../examples/xstate-inspector/frames.ts'
import { acts, passwords } from '../../examples/xstate-inspector/service.ts'
import { nodesOf, workOf } from '../machines/walk/definition.ts'
import { useBundle } from '../support/bundled-program.ts'
import { entriesOf, limits, PATIENT_MS, temporaryFolder } from './service-process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
vi.setConfig({ testTimeout: PATIENT_MS })
const machines = { reload: reloadMachine, watch: watchMachine, admission: admissionMachine }

interface Frame {
  readonly type: string
  readonly _version: string
  readonly name: string
  readonly sessionId: string
  readonly rootId: string
  readonly parentId?: string
  readonly sourceId?: string
  readonly definition?: string
  readonly event?: { readonly type: string }
  readonly snapshot?: { readonly status: string; readonly value?: string | object; readonly context?: object }
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Starts faster than the program of the example, which the first test starts as its README says. */
const bundled = useBundle(new URL('../../examples/xstate-inspector/main.ts', import.meta.url))

/** Starts the example as a process in which opening a browser only writes a file. */
const startExample = async (...args: string[]) => {
  const folder = await temporaryFolder()
  const bin = await temporaryFolder()
  for (const name of ['xdg-open', 'open', 'start']) {
    await writeFile(join(bin, name), `#!/bin/sh\necho "$@" > '${join(bin, 'opened')}'\n`)
    await chmod(join(bin, name), 0o755)
  }
  const port = await freePort()
  const env = { ...process.env, TMPDIR: folder, PORT: String(port), PATH: `${bin}${delimiter}${process.env.PATH}` }
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
    })
  }
  const exited = once(child, 'close').then(([code]) => code as number | null)
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const leftovers = async () => ({ files: await entriesOf(folder), opened: (await entriesOf(bin)).includes('opened') })
  return { child, output, exited, leftovers, url: `ws://127.0.0.1:${port}`, page: `http://127.0.0.1:${port}` }
}

test('the inspector gets named, readable and drawable frames of a real reload, without a password', async () => {
  const program = ['--import', 'tsx', 'examples/xstate-inspector/main.ts']
  const example = await startExample(...program, '--viewer') // ends only when it is told to, so that no client comes too late
  const received = await receiveFrames(example.url, () => {})
  onTestFinished(received.close)
  await received.untilState('reload', 'resting.rejected', 0)
  example.child.kill('SIGINT')
  expect(await example.exited).toBe(0)
  await received.ended
  const frames = received.texts.map((text) => JSON.parse(text) as Frame)
  expect(frames.length).toBeGreaterThan(50)
  expect([...new Set(frames.map(({ _version }) => _version))]).toEqual(['0.7.2'])

  const actors = frames.filter(({ type }) => type === '@xstate.actor')
  const names = [...new Set(actors.map(({ name }) => name))]
  expect([...names].sort()).toEqual(['admission', 'reload', 'watch', 'watchSource'])
  const sessions = new Map(actors.map(({ sessionId, name }) => [sessionId, name]))
  for (const { parentId, sourceId, sessionId } of frames)
    for (const id of [parentId, sourceId, sessionId]) if (id !== undefined) expect([...sessions.keys()]).toContain(id)

  const stepsOf = (machine: string) =>
    frames.filter((frame) => frame.type === '@xstate.snapshot' && sessions.get(frame.sessionId) === machine)
  for (const [name, original] of Object.entries(machines)) {
    const { definition = '' } = actors.find((actor) => actor.name === name) ?? {}
    expect(definition).not.toMatch(/\[(Object|Array|Circular)/)
    const drawn = createMachine(JSON.parse(definition))
    const ids = [drawn, original].map((machine) =>
      nodesOf(machine)
        .map(({ id }) => id)
        .sort(),
    )
    expect(ids[0]).toEqual(ids[1])
    // The work of each state is drawn as its entry action.
    expect(nodesOf(drawn).flatMap(workOf).sort()).toEqual(nodesOf(original).flatMap(workOf).sort())
    for (const { snapshot } of stepsOf(name)) {
      const { value = '', context = {} } = snapshot ?? {}
      expect(drawn.resolveState({ value: value as string, context }).value).toEqual(value)
    }
  }
  const reloaded = stepsOf('reload').map(({ event, snapshot }) => `${event?.type} ${JSON.stringify(snapshot?.value)}`)
  expect(reloaded).toContain('source.changed "validating"')
  expect(reloaded).toContain('xstate.done.actor.prepareModules {"applying":"committing"}')
  expect(reloaded).toContain('xstate.done.actor.rollBackModules {"resting":"rolled-back"}')
  expect(reloaded.at(-1)).toBe('xstate.done.actor.closeModules "closed"')
  expect(stepsOf('reload').at(-1)?.snapshot?.context).toMatchObject({ epoch: 4, seen: { order: 4 }, degraded: [] })

  const raw = received.texts.join('\n')
  for (const password of passwords) expect(raw).not.toContain(password)
  for (const { text } of acts) expect(raw).not.toContain(JSON.stringify(text).slice(1, 20))
})

test('the example prints each step, ends by itself, opens no browser and leaves nothing behind', async () => {
  const example = await startExample(bundled())
  expect(await example.exited).toBe(0)
  const { stdout, stderr } = example.output
  const titles = [...stdout.matchAll(/^\d+\. (.+)$/gm)].map(([, title]) => title)
  expect(titles).toEqual(acts.map(({ title }) => title))
  expect(stdout).toMatch(/^ {3}reload +prepareModules: done +→ rolling-back$/m)
  expect(stdout).toMatch(/^ {3}reload +validateDocument: done +→ resting\.rejected$/m)
  expect(stdout).toMatch(/^\d+ frames of the machines admission, reload, watch\. None contains a password\.$/m)
  expect(stderr).toBe('')
  expect(await example.leftovers()).toEqual({ files: [], opened: false })
})

test('with --viewer the example waits for the hosted viewer without opening it, and a late client gets all frames', async () => {
  const example = await startExample(bundled(), '--viewer')
  await vi.waitFor(() => expect(example.output.stdout).toContain('Open http://localhost:'), limits)
  expect(await (await fetch(example.page, { headers: { connection: 'close' } })).text()).toContain(
    'src="https://stately.ai/inspect"',
  )
  const late = await receiveFrames(example.url, () => {})
  onTestFinished(late.close)
  await late.untilState('reload', 'resting.rejected', 0)
  expect(late.names()).toEqual(['admission', 'reload', 'watch'])
  example.child.kill('SIGINT')
  expect(await example.exited).toBe(0)
  await late.ended
  await late.untilState('reload', 'closed', 0)
  expect(example.output.stderr).toBe('')
  expect(await example.leftovers()).toEqual({ files: [], opened: false })
})
