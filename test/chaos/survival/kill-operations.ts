import { failsIn } from './kill-changes.ts'
import { close, countsUntilPromoted, type KillScene, promotion, servesPromoted } from './kill-scene.ts'
import { filesIn, replaceFile } from './service.ts'

/** A change that a person must confirm, read because somebody has asked for it. */
export const confirmed: KillScene = {
  goods: [1, 2, 3],
  document: { value: 3 },
  withinMs: 600_000,
  act: async (stage) => {
    const { service, say, folder, state } = stage
    await stage.record('unchanged')
    replaceFile(filesIn(folder).document, JSON.stringify({ value: 4 }))
    const confirming = state('confirming')
    await say('reload')
    const reloaded = service.reloader.reload()
    await confirming
    await say('confirm')
    await service.reloader.confirm(service.reloader.status().confirmation?.transaction ?? '')
    await say('confirmed')
    await reloaded
    await close(stage)
  },
  from: 'reload',
  keeps: [2, 3],
  order: [
    ...['reload', 'read', 'validate 4', 'save journal', 'prepare a 4'],
    ...['commit b 4', 'applied c 4', 'check a 4', 'state confirming', 'confirm', ...promotion(4)],
    ...['save journal #2', 'saved journal #2', 'confirmed', 'close #1', 'state closed'],
  ],
  serves: servesPromoted(3, 4),
  ends: [
    ['', 4],
    ['rename journal #1', 3, 4],
    ['prepare a 4', 3],
    ['rename good=4', 3, 4],
    ['sync folder good=4', 4],
  ],
  counts: countsUntilPromoted(4),
}

/** A change that nobody confirms in time. */
export const unconfirmed: KillScene = {
  ...failsIn('check'),
  document: { value: 4 },
  withinMs: 50,
  from: 'state confirming',
  order: [
    'prepare a 4',
    'state confirming',
    'state rolling-back',
    'roll back a 4',
    'undo c 3',
    'save journal #2',
    'close #1',
  ],
}

/** Back to the one before, which freezes, and then to the source again. */
export const reverts: KillScene = {
  goods: [1, 2, 3],
  document: { value: 3 },
  act: async (stage) => {
    const { service, say } = stage
    await stage.record('unchanged')
    await say('revert')
    await service.reloader.revert()
    await say('reverted')
    const back = stage.record('committed 3')
    await service.reloader.unfreeze()
    await say('unfrozen')
    await back
    await close(stage)
  },
  from: 'revert',
  order: [
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
  serves: [
    ['', 3],
    ['rename journal #1', 2, 3],
    ['sync folder journal #1', 2],
    ['rename good=3', 2, 3],
    ['sync folder good=3', 3],
  ],
  ends: [['', 3]],
  freezes: [
    ['', false],
    ['rename journal #1', true, false],
    ['sync folder journal #1', true],
    ['rename journal #2', true, false],
    ['sync folder journal #2', false],
  ],
}

export const freezes: KillScene = {
  goods: [1, 2, 3],
  document: { value: 3 },
  act: async (stage) => {
    const { service, say } = stage
    await stage.record('unchanged')
    await say('freeze')
    await service.reloader.freeze('hold')
    await say('frozen')
    await service.reloader.unfreeze()
    await say('unfrozen')
    await close(stage)
  },
  from: 'freeze',
  keeps: [1, 2, 3],
  order: ['freeze', 'save journal #1', 'frozen', 'save journal #2', 'unfrozen', 'close #1'],
  serves: [['', 3]],
  ends: [['', 3]],
  counts: [['', false]],
  freezes: [
    ['', false],
    ['rename journal #1', true, false],
    ['frozen', true],
    ['rename journal #2', true, false],
    ['unfrozen', false],
  ],
}
