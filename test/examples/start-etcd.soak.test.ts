import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { call } from '../cli/command.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const config = 'examples/service/changeover.config.ts'

it('npm run start:etcd serves from a real etcd, and prints commands that work on it', async () => {
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/examples/start-etcd.ts'], { cwd: root })
  const exited = once(child, 'exit')
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text
    })
  }
  try {
    await expect.poll(() => printed).toContain('Try next')
    const [, hosts = '', key = ''] = /CHANGEOVER_HOSTS=(\S+) CHANGEOVER_KEY=(\S+)/.exec(printed) ?? []
    const env = { CHANGEOVER_HOSTS: hosts, CHANGEOVER_KEY: key, CHANGEOVER_CONFIG: config }
    expect((await call(['set', 'log.level', 'debug', '-m', 'find the leak'], { cwd: root, env })).exit).toBe(0)
    await expect.poll(() => printed).toMatch(/committed .* revision 3/)
    expect((await call(['set', 'db.max', '99'], { cwd: root, env })).exit).toBe(3)
    child.kill('SIGINT')
    expect(await exited).toEqual([0, null])
  } finally {
    child.kill('SIGKILL')
  }
})
