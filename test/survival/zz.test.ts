import { it } from 'vitest'
import { join } from 'node:path'
import { runChild } from '../keeper/children.ts'
import { compileService } from './compiled.ts'
import { copyOf, makeGood, restart } from './restarts.ts'
import { cpuUsage } from 'node:process'
it('m', async () => {
  const f = '/tmp/survival-27069/k'
  const child = await compileService(new URL('./kill-child.ts', import.meta.url), join(f, 'compiled'))
  await makeGood(join(f, 't'), [1, 2, 3])
  const paths: string[] = []
  let t = Date.now(), c = cpuUsage()
  for (let i = 0; i < 5; i++) { const p = copyOf(join(f,'t'), join(f, `p${i}`), { value: 4 }); paths.push(p); await runChild(process.execPath, [child, p, 'takes a change', 'close b 3 #1', 'before']) }
  console.log('child', (Date.now() - t)/5, cpuUsage(c).user/5000)
  t = Date.now(), c = cpuUsage()
  for (const p of paths) { const s = restart(p, 'the disk alone'); await s.settled(); await s.reloader.close() }
  console.log('alone', (Date.now() - t)/5, cpuUsage(c).user/5000)
  t = Date.now(), c = cpuUsage()
  for (const p of paths) { const s = restart(p, 'its source'); await s.settled(); await s.atRest(); await s.reloader.close() }
  console.log('source', (Date.now() - t)/5, cpuUsage(c).user/5000)
  for (const x of [1,2]) {
  t = Date.now(), c = cpuUsage()
  for (const p of paths) { const s = restart(p, 'its source'); await s.settled(); await s.atRest(); await s.reloader.close() }
  console.log('source again', (Date.now() - t)/5, cpuUsage(c).user/5000)
}
})
