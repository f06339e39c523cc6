import { check } from './commands/check.ts'
import type { Command } from './context/command.ts'
import { diff } from './commands/diff.ts'
import { edit } from './commands/edit.ts'
import { explain } from './commands/explain.ts'
import { confirm, freeze, retry, unfreeze } from './fleet/control.ts'
import { override } from './fleet/override.ts'
import { status } from './fleet/status.ts'
import { get } from './commands/get.ts'
import { history } from './commands/history.ts'
import { init } from './commands/init.ts'
import { plan } from './commands/plan.ts'
import { publish } from './commands/publish.ts'
import { rollback } from './commands/rollback.ts'
import { set } from './commands/set.ts'
import { show } from './commands/show.ts'
import { watch } from './commands/watch.ts'

/** All commands, in the order of the help. */
export const commands: readonly Command[] = [
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
  init,
]
