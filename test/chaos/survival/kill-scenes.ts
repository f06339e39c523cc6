import { changes, closesInSoak, failsIn, first, restoresOlder } from './kill-changes.ts'
import { confirmed, freezes, reverts, unconfirmed } from './kill-operations.ts'
import type { KillScene } from './kill-scene.ts'

const takenBack = ['state rolling-back', 'roll back b 4', 'roll back a 4']

/** What services do when they are killed. */
export const killScenes: Readonly<Record<string, KillScene>> = {
  'takes a change': changes,
  'takes its first config': first,
  'restores an older good': restoresOlder,
  'closes in a soak': closesInSoak,
  'fails to prepare': failsIn('prepare', 'state rolling-back'),
  'fails to commit': failsIn(
    'commit',
    'commit a 4',
    'commit b 4',
    'roll back b 4',
    'roll back a 4',
    'state rolling-back',
  ),
  'fails to apply': failsIn('apply', 'applied c 4', ...takenBack, 'undo c 3', 'applied c 3'),
  'fails a check': failsIn('check', 'check b 4', ...takenBack, 'undo c 3'),
  'is confirmed': confirmed,
  'is not confirmed': unconfirmed,
  'reverts and follows again': reverts,
  'freezes and follows again': freezes,
}
