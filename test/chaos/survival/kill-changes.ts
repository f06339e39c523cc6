import {
  close,
  closeAfter,
  countsUntilPromoted,
  type KillScene,
  promotion,
  servesWhilePromoting,
} from './kill-scene.ts'
import type { Config } from './service.ts'

/** The source holds a newer document than the one that was stored last. */
export const changes: KillScene = {
  goodValues: [1, 2, 3],
  document: { value: 4 },
  act: closeAfter('committed 4'),
  from: '',
  storedValues: [2, 3],
  steps: [
    ...['load good', 'prepare a 3', 'commit a 3', 'applied c 3', 'read', 'validate 4', 'save journal'],
    ...['prepare a 4', 'prepared a 4', 'prepare b 4', 'commit a 4', 'commit b 4', 'apply c 4', 'applied c 4'],
    ...['check a 4', 'check b 4', ...promotion(4)],
    ...['record committed 4', 'close b 3', 'close #1', 'close c', 'close b 4', 'close a 4', 'state closed'],
  ],
  servesAlone: servesWhilePromoting(3, 4),
  servesFinally: [['', 4]],
  countsAttempt: countsUntilPromoted(4),
}

/** The first config of all, without a predecessor. */
export const first: KillScene = {
  ...changes,
  goodValues: [],
  storedValues: [],
  document: { value: 1 },
  act: closeAfter('committed 1'),
  from: 'read',
  steps: [
    'load good',
    'read',
    'save journal',
    'prepare a 1',
    'commit b 1',
    'applied c 1',
    'check a 1',
    ...promotion(1),
  ],
  servesAlone: servesWhilePromoting(undefined, 1),
  servesFinally: [['', 1]],
  countsAttempt: countsUntilPromoted(1),
}

/** The newest stored document cannot serve any more. */
export const restoresOlder: KillScene = {
  goodValues: [1, 2, 3],
  isNewestRefused: true,
  document: { value: 2 },
  act: closeAfter('unchanged'),
  from: 'state',
  steps: ['load good', 'state validating', 'state rejected', 'prepare a 2', 'commit b 2', 'applied c 2'],
  servesAlone: [['', 2]],
  servesFinally: [['', 2]],
  countsAttempt: [['', false]],
}

export const closesInSoak: KillScene = {
  ...changes,
  soakMs: 3_600_000,
  act: async (stage) => {
    await stage.state('soaking')
    await close(stage)
  },
  from: 'close #1',
  steps: ['check a 4', 'close #1', 'save journal #2', 'close b 4', 'state closed'],
  servesAlone: [['', 3]],
  countsAttempt: [
    ['', true],
    ['rename journal #2', true, false],
    ['sync folder journal #2', false],
  ],
}

/** Makes a document that fails somewhere and is rolled back. */
export const failsIn = (fails: NonNullable<Config['fails']>, ...order: string[]): KillScene => ({
  goodValues: [1, 2, 3],
  document: { value: 4, fails },
  act: closeAfter('rolled-back'),
  from: 'state rolling-back',
  storedValues: [1, 2, 3],
  steps: [
    'save journal #1',
    'prepare a 4',
    ...order,
    'save journal #2',
    'record rolled-back',
    'close #',
    'state closed',
  ],
  servesAlone: [['', 3]],
  servesFinally: [['', 3]],
  countsAttempt: [
    ['', true],
    ['rename journal #2', true, false],
    ['sync folder journal #2', false],
  ],
})
