import { close, closesAfter, countsUntilPromoted, type KillScene, promotion, servesPromoted } from './kill-scene.ts'
import type { Config } from './service.ts'

/** Another document than the one that was kept last. */
export const changes: KillScene = {
  goods: [1, 2, 3],
  document: { value: 4 },
  act: closesAfter('committed 4'),
  from: '',
  keeps: [2, 3],
  order: [
    ...['load good', 'prepare a 3', 'commit a 3', 'applied c 3', 'read', 'validate 4', 'save journal'],
    ...['prepare a 4', 'prepared a 4', 'prepare b 4', 'commit a 4', 'commit b 4', 'apply c 4', 'applied c 4'],
    ...['check a 4', 'check b 4', ...promotion(4)],
    ...['record committed 4', 'close b 3', 'close #1', 'close c', 'close b 4', 'close a 4', 'state closed'],
  ],
  serves: servesPromoted(3, 4),
  ends: [['', 4]],
  counts: countsUntilPromoted(4),
}

/** The first config of all: there is nothing before it. */
export const first: KillScene = {
  ...changes,
  goods: [],
  keeps: [],
  document: { value: 1 },
  act: closesAfter('committed 1'),
  from: 'read',
  order: [
    'load good',
    'read',
    'save journal',
    'prepare a 1',
    'commit b 1',
    'applied c 1',
    'check a 1',
    ...promotion(1),
  ],
  serves: servesPromoted(undefined, 1),
  ends: [['', 1]],
  counts: countsUntilPromoted(1),
}

/** The newest that was kept cannot serve any more. */
export const restoresOlder: KillScene = {
  goods: [1, 2, 3],
  isNewestRefused: true,
  document: { value: 2 },
  act: closesAfter('unchanged'),
  from: 'state',
  order: ['load good', 'state validating', 'state rejected', 'prepare a 2', 'commit b 2', 'applied c 2'],
  serves: [['', 2]],
  ends: [['', 2]],
  counts: [['', false]],
}

export const closesInSoak: KillScene = {
  ...changes,
  soakMs: 3_600_000,
  act: async (stage) => {
    await stage.state('soaking')
    await close(stage)
  },
  from: 'close #1',
  order: ['check a 4', 'close #1', 'save journal #2', 'close b 4', 'state closed'],
  serves: [['', 3]],
  counts: [
    ['', true],
    ['rename journal #2', true, false],
    ['sync folder journal #2', false],
  ],
}

/** A document that fails somewhere, and is taken back. */
export const failsIn = (fails: NonNullable<Config['fails']>, ...order: string[]): KillScene => ({
  goods: [1, 2, 3],
  document: { value: 4, fails },
  act: closesAfter('rolled-back'),
  from: 'state rolling-back',
  keeps: [1, 2, 3],
  order: [
    'save journal #1',
    'prepare a 4',
    ...order,
    'save journal #2',
    'record rolled-back',
    'close #',
    'state closed',
  ],
  serves: [['', 3]],
  ends: [['', 3]],
  counts: [
    ['', true],
    ['rename journal #2', true, false],
    ['sync folder journal #2', false],
  ],
})
