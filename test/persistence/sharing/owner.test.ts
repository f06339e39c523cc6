import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { goodCodec, journalCodec, ownerCodec } from '../../../src/persistence/codec.ts'
import { type Owner, ownerState, systemProcesses } from '../../../src/persistence/sharing/owner.ts'
import { takeStore } from '../../../src/persistence/sharing/stores-in-use.ts'
import { attemptOf, journalOf } from '../scene.ts'

const self: Owner = { host: 'one', boot: 'b1', space: 'pid:[1]', pid: 10, started: '500', instance: '0.self' }
const other: Owner = { ...self, pid: 20, started: '600', instance: '0.other' }
const running =
  (started = '600') =>
  () => ({ isRunning: true, started })
const ended = () => ({ isRunning: false, started: '' })

describe('an owner', () => {
  it.each<[string, Partial<Owner>, ReturnType<typeof running>, string]>([
    ['whose process runs is alive', {}, running(), 'alive'],
    ['whose process has ended is dead', {}, ended, 'dead'],
    ['whose process id another process has by now is dead', {}, running('601'), 'dead'],
    ['whose start nobody knows is alive while its process id is taken', { started: '' }, running('601'), 'alive'],
    ['whose start the system does not tell is alive while its process id is taken', {}, running(''), 'alive'],
    ['from before the machine was started again is dead', { boot: 'b0' }, running(), 'dead'],
    ['from before the container was started again is dead', { space: 'pid:[0]', pid: 1 }, running(), 'dead'],
    [
      'from before the container was started again is dead, with the same id',
      { space: '', pid: 10 },
      running(),
      'dead',
    ],
    ['of another host is unknown', { host: 'two', boot: 'b2' }, running(), 'unknown'],
    ['of another container of this machine is unknown', { host: 'two', space: 'pid:[2]' }, ended, 'unknown'],
    ['of this machine is told although the host was renamed', { host: 'renamed' }, running(), 'alive'],
    ['of an earlier process with the same id is dead', { pid: 10, started: '400' }, running('500'), 'dead'],
    ['that is this reloader is alive', self, ended, 'alive'],
    ['of another thread of this process is alive', { ...self, instance: '3.other' }, ended, 'alive'],
    ['of this thread that runs no more is dead', { ...self, instance: '0.earlier' }, ended, 'dead'],
  ])('%s', (_, owner, look, state) => {
    expect(ownerState({ ...other, ...owner }, self, look)).toBe(state)
  })

  it('is told by the name of the host if the system has no boot id', () => {
    const bare = { boot: '', space: '', started: '' }
    expect(ownerState({ ...other, ...bare }, { ...self, ...bare }, running(''))).toBe('alive')
    expect(ownerState({ ...other, ...bare }, { ...self, ...bare }, ended)).toBe('dead')
    expect(ownerState({ ...other, ...bare, host: 'two' }, { ...self, ...bare }, running(''))).toBe('unknown')
  })

  it('of this thread is alive while its reloader runs', () => {
    const free = takeStore(['any'], '0.running')
    expect(ownerState({ ...self, instance: '0.running' }, self)).toBe('alive')
    free()
    expect(ownerState({ ...self, instance: '0.running' }, self)).toBe('dead')
  })

  it('can be stored, and older journals have none', () => {
    const text = ownerCodec.encode(self)
    expect(ownerCodec.decode(text)).toEqual({ kind: 'valid', value: self })
    expect(goodCodec.decode(text)).toEqual({ kind: 'refused', code: 'persistence.damaged' })
    const journal = { ...journalOf(1), version: 7, attempts: [{ ...attemptOf(1), owner: self }, attemptOf(2)] }
    expect(journalCodec.decode(journalCodec.encode(journal))).toEqual({ kind: 'valid', value: journal })
    const bad = { ...journal, attempts: [{ ...attemptOf(1), owner: { ...self, pid: 'x' } }] }
    expect(journalCodec.encode(bad as never)).toBeUndefined()
  })
})

describe('the processes of the system', () => {
  const processes = systemProcesses()

  it('have a new owner for each reloader', () => {
    expect(systemProcesses().self).toMatchObject({ pid: process.pid, started: processes.self.started })
    expect(systemProcesses().self.instance).not.toBe(processes.self.instance)
  })

  it.runIf(existsSync('/proc/self/stat'))('tell the boot, the namespace and the start on Linux', () => {
    expect(processes.self.boot).toMatch(/^[0-9a-f-]{36}$/)
    expect(processes.self.space).toMatch(/^pid:/)
    expect(processes.self.started).toMatch(/^\d+$/)
  })

  it('see a child while it runs, and not when it has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
    const owner = { ...processes.self, pid: child.pid ?? 0, started: '' }
    await once(child, 'spawn')
    expect(processes.stateOf(owner)).toBe('alive')
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
    expect(processes.stateOf(owner)).toBe('dead')
  })

  it.runIf(existsSync('/proc/self/stat'))('take a zombie for dead', () => {
    // The shell starts a process, and becomes one that never asks for its end.
    const script = 'sleep 0.2 & echo $!; exec sleep 30'
    const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] })
    return once(shell.stdout, 'data')
      .then(async ([data]) => {
        const pid = Number(String(data))
        const state = (): string =>
          execFileSync('sh', ['-c', `cut -d' ' -f3 /proc/${pid}/stat`])
            .toString()
            .trim()
        await expect.poll(state).toBe('Z')
        expect(processes.stateOf({ ...processes.self, pid, started: '' })).toBe('dead')
      })
      .finally(() => shell.kill('SIGKILL'))
  })

  it('see the process of another user', () => {
    expect(processes.stateOf({ ...processes.self, pid: 1, started: '' })).toBe(process.pid === 1 ? 'dead' : 'alive')
  })

  it('see another thread of this process', async () => {
    const worker = new Worker(
      `require('node:worker_threads').parentPort.postMessage(require('node:worker_threads').threadId)`,
      {
        eval: true,
      },
    )
    const [threadId] = await once(worker, 'message')
    expect(processes.stateOf({ ...processes.self, instance: `${threadId}.other` })).toBe('alive')
    await worker.terminate()
  })
})
