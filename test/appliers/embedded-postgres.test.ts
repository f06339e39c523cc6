import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startPostgres } from '../support/postgres.ts'

const SOON = { timeout: 20_000, interval: 20 }
let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'changeover-test-'))
  await chmod(folder, 0o1777) // like the system's temporary folder
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it('startPostgres starts a server with a password, and stop removes it with its folder', async () => {
  const server = await startPostgres({ folder })
  const { host, port, user, password, database } = server
  const client = new pg.Client({ host, port, user, password, database })
  await client.connect()
  expect((await client.query('select current_user as name')).rows).toEqual([{ name: user }])
  await client.end()
  await expect(new pg.Client({ host, port, user, password: 'wrong', database }).connect()).rejects.toMatchObject({
    code: '28P01',
  })
  await Promise.all([server.stop(), server.stop()])
  expect(isAlive(server.pid)).toBe(false)
  expect(await readdir(folder)).toEqual([])
})

it('startPostgres leaves neither a server nor a folder if the process that called it is killed', async () => {
  const script = fileURLToPath(new URL('../support/postgres-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = await once(child.stdout, 'data')
  const pid = Number(String(output))
  expect(isAlive(pid)).toBe(true)
  child.kill('SIGKILL')
  await expect.poll(() => isAlive(pid), SOON).toBe(false)
  await expect.poll(() => readdir(folder), SOON).toEqual([])
})

it('startPostgres leaves nothing behind if the server cannot start', async () => {
  await expect(startPostgres({ folder: join(folder, 'missing') })).rejects.toThrow('ENOENT')
  if (process.getuid?.() === 0) {
    await chmod(folder, 0o700)
    await expect(startPostgres({ folder })).rejects.toThrow('Only its owner can enter')
  }
  expect(await readdir(folder)).toEqual([])
})
