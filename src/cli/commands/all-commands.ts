import { confirm, freeze, retry, unfreeze } from '../fleet/control.ts'
import { override } from '../fleet/override.ts'
import { status } from '../fleet/status.ts'
import type { Command } from '../context/command.ts'
import { check } from './check.ts'
import { diff } from './diff.ts'
import { edit } from './edit.ts'
import { explain } from './explain.ts'
import { get } from './get.ts'
import { history } from './history.ts'
import { init } from './init.ts'
import { plan } from './plan.ts'
import { publish } from './publish.ts'
import { rollback } from './rollback.ts'
import { rollout } from './rollout.ts'
import { set } from './set.ts'
import { show } from './show.ts'
import { watch } from './watch.ts'

/** All commands, in the order of the help. */
export const allCommands: readonly Command[] = [
  get,
  diff,
  explain,
  check,
  plan,
  publish,
  set,
  edit,
  history,
  show,
  rollback,
  watch,
  status,
  freeze,
  unfreeze,
  retry,
  confirm,
  override,
  rollout,
  init,
]
