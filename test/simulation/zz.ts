import { createScene } from './scene.ts'
import { Witness } from './witness.ts'
import { act } from './acts.ts'
const seed = Number(process.argv[2])
const scene = createScene(seed)
const w = new Witness(scene)
const { random, clock, reloader } = scene
console.log({ soaks: scene.soaks, confirms: scene.confirms, persists: scene.persists })
const s = reloader.start()
await clock.advance(10_000)
await s
scene.world.faultRate = 0.15
let n = 0
const until = Number(process.argv[3] ?? 60)
for (let step = 0; step < until; step++) {
  await act(scene, w)
  const ms = random.pick([0, 1, 50, 1_000, 40_000])
  await clock.advance(ms)
  const st = reloader.status()
  for (const r of w.records.slice(n))
    console.log(
      step,
      r.epoch,
      r.trigger,
      r.outcome,
      r.revision?.name,
      r.digest?.slice(0, 6),
      'failures' in r ? r.failures.map((f) => f.code + ' ' + (f.cause?.code ?? '') + (f.detail ?? '')).join() : '',
      Math.round(r.startedAt - Date.UTC(2030, 0, 1)),
      r.durationMs,
    )
  n = w.records.length
  w.checkServing()
  console.log(
    step,
    't',
    clock.monotonic(),
    st.state,
    'serving',
    st.serving?.digest.slice(0, 6),
    'good',
    st.lastGood?.digest.slice(0, 6),
    'hist',
    st.history.map((h) => h.digest.slice(0, 6) + '/' + h.revision.name).join(' '),
    'q',
    st.quarantine
      .map((q) => q.digest.slice(0, 6) + ':' + (q.until === undefined ? 'fixed' : q.until - Date.UTC(2030, 0, 1)))
      .join(' '),
    st.frozen ? 'FROZEN' : '',
    st.degraded.join(),
    w.broken.length ? w.broken.at(-1) : '',
  )
  if (w.broken.length) break
}
if (w.broken.length === 0) {
  const { confirm, unfreeze } = await import('./acts.ts')
  const cut = random.chance(0.25)
  console.log('HEAL', { cut }, scene.source.revision)
  scene.world.heal()
  scene.source.heal()
  unfreeze(scene, w)
  for (let p = 0; p < 400_000; p += 4_000) {
    confirm(scene, w, true)
    await clock.advance(4_000)
    const st = reloader.status()
    for (const r of w.records.slice(n))
      console.log(
        'H',
        r.epoch,
        r.trigger,
        r.outcome,
        r.revision?.name,
        r.revision?.lineage,
        r.digest?.slice(0, 6),
        'failures' in r ? r.failures.map((f) => f.code + ' ' + (f.cause?.code ?? '') + (f.detail ?? '')).join() : '',
        Math.round(r.startedAt - Date.UTC(2030, 0, 1)),
        r.durationMs,
      )
    if (n !== w.records.length)
      console.log(
        't',
        clock.monotonic(),
        st.state,
        'serving',
        st.serving?.digest.slice(0, 6),
        st.serving?.revision,
        'q',
        st.quarantine
          .map((q) => q.digest.slice(0, 6) + ':' + (q.until === undefined ? 'fixed' : q.until - Date.UTC(2030, 0, 1)))
          .join(' '),
        st.source.state,
        st.source.revision,
      )
    n = w.records.length
  }
  console.log(reloader.status().inSync, w.unanswered, reloader.status())
}
