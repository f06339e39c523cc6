import { failsIn } from './kill-changes.ts'
import { close, countsUntilPromoted, type KillScene, promotion, servesWhilePromoting } from './kill-scene.ts'
import { filesIn, replaceFile } from './service.ts'

/** A change that must be confirmed, read because of a reload. */
export const confirmed: KillScene = {
  goodValues: [1, 2, 3],
  document: { value: 3 },
  withinMs: 600_000,
  act: async (stage) => {
    const { service, reach, folder, state } = stage
    await stage.record('unchanged')
    replaceFile(filesIn(folder).document, JSON.stringify({ value: 4 }))
    const confirming = state('confirming')
    await reach('reload')
    const reloaded = service.reloader.reload()
    await confirming
    await reach('confirm')
    await service.reloader.confirm(service.reloader.status().confirmation?.transaction ?? '')
    await reach('confirmed')
    await reloaded
    await close(stage)
  },
  from: 'reload',
  storedValues: [2, 3],
  steps: [
    ...['reload', 'read', 'validate 4', 'save journal', 'prepare a 4'],
    ...['commit b 4', 'applied c 4', 'check a 4', 'state confirming', 'confirm', ...promotion(4)],
    ...['save journal #2', 'saved journal #2', 'confirmed', 'close #1', 'state closed'],
  ],
  servesAlone: servesWhilePromoting(3, 4),
  servesFinally: [
    ['', 4],
    ['rename journal #1', 3, 4],
    ['prepare a 4', 3],
    ['rename good=4', 3, 4],
    ['sync folder good=4', 4],
  ],
  countsAttempt: countsUntilPromoted(4),
}

/** A change that is not confirmed in time. */
export const unconfirmed: KillScene = {
  ...failsIn('check'),
  document: { value: 4 },
  withinMs: 50,
  from: 'state confirming',
  steps: [
    'prepare a 4',
    'state confirming',
    'state rolling-back',
    'roll back a 4',
    'undo c 3',
    'save journal #2',
    'close #1',
  ],
}

/** A revert to the document before, which freezes changes, and then an unfreeze. */
export const reverts: KillScene = {
  goodValues: [1, 2, 3],
  document: { value: 3 },
  act: async (stage) => {
    const { service, reach } = stage
    await stage.record('unchanged')
    await reach('revert')
    await service.reloader.revert()
    await reach('reverted')
    const back = stage.record('committed 3')
    await service.reloader.unfreeze()
    await reach('unfrozen')
    await back
    await close(stage)
  },
  from: 'revert',
  steps: [
    ...[
      'revert',
      'save journal #1',
      'prepare a 2',
      'commit b 2',
      'applied c 2',
      'check a 2',
      ...promotion(2),
      'reverted',
    ],
    ...['unfrozen', 'prepare a 3', 'commit b 3', 'applied c 3', 'check a 3', ...promotion(3), 'close', 'state closed'],
  ],
  servesAlone: [
    ['', 3],
    ['rename journal #1', 2, 3],
    ['sync folder journal #1', 2],
    ['rename good=3', 2, 3],
    ['sync folder good=3', 3],
  ],
  servesFinally: [['', 3]],
  isFrozen: [
    ['', false],
    ['rename journal #1', true, false],
    ['sync folder journal #1', true],
    ['rename journal #2', true, false],
    ['sync folder journal #2', false],
  ],
}

export const freezes: KillScene = {
  goodValues: [1, 2, 3],
  document: { value: 3 },
  act: async (stage) => {
    const { service, reach } = stage
    await stage.record('unchanged')
    await reach('freeze')
    await service.reloader.freeze('hold')
    await reach('frozen')
    await service.reloader.unfreeze()
    await reach('unfrozen')
    await close(stage)
  },
  from: 'freeze',
  storedValues: [1, 2, 3],
  steps: ['freeze', 'save journal #1', 'frozen', 'save journal #2', 'unfrozen', 'close #1'],
  servesAlone: [['', 3]],
  servesFinally: [['', 3]],
  countsAttempt: [['', false]],
  isFrozen: [
    ['', false],
    ['rename journal #1', true, false],
    ['frozen', true],
    ['rename journal #2', true, false],
    ['unfrozen', false],
  ],
}
