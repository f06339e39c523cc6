import { observationOf } from '../../src/api/internal/observation.ts'
import type { Trials } from '../../src/api/internal/trials.ts'
import { type Config, configOf } from '../guarantees/harness.ts'
import type { History, Scene } from './histories.ts'

const good = (value: number): Config => configOf({ a: value, b: value })

/** Puts a document on trial, and lets it come to its rest. */
const offer = async ({ reloader, advance }: Scene, value: number): Promise<Trials> => {
  const trials = observationOf(reloader).trials as Trials
  trials.offer({ lineage: `trial-${value}`, name: `trial-${value}`, content: JSON.stringify(good(value)) })
  await advance(10_000)
  return trials
}

/** Histories in which a document is on trial that the source does not hold yet: it says nothing of those that it holds. */
export const trialHistories: readonly History[] = [
  {
    title: 'a trial that is withdrawn',
    play: async (scene) => {
      const trials = await offer(scene, 2)
      if (scene.reloader.status().state !== 'trying') throw new Error('it is not on trial')
      await scene.expects(1, 'an instance on trial has not failed')
      trials.end()
      await scene.expects(1, 'what serves is what the source holds')
    },
  },
  {
    title: 'a trial that is promoted before the source reports it, and after another document of the source failed',
    play: async (scene) => {
      const trials = await offer(scene, 2)
      trials.promote()
      await scene.expects(1, 'what serves is promoted')
      scene.source.put(good(2))
      await scene.expects(1, 'the source holds it')
      scene.source.put('{ "a": ')
      await scene.expects(0, 'the newest document is rejected')
    },
  },
  {
    title: 'a trial that is promoted while another document is written',
    play: async (scene) => {
      const trials = await offer(scene, 2)
      trials.promote()
      await scene.reloader.freeze('later')
      scene.source.put(good(3))
      await scene.expects(0, 'the newest document waits for the freeze')
    },
  },
  {
    title: 'a trial that fails',
    play: async (scene) => {
      scene.modules.a.script('prepare', 'reject')
      await offer(scene, 2)
      await scene.expects(1, 'the document of the source serves')
    },
  },
  {
    title: 'a trial beside a document that was rejected',
    play: async (scene) => {
      scene.source.put('{ "a": ')
      await scene.expects(0, 'it is rejected')
      const trials = await offer(scene, 2)
      await scene.expects(0, 'a trial does not change that')
      trials.end()
      await scene.expects(0, 'nor does its end')
    },
  },
]
