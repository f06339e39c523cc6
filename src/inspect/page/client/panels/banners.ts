import type { Status } from '../model.ts'
import { clockTime } from '../time.ts'
import { failureLine, type Verdict } from './headline.ts'
import { listed, short } from '../labels.ts'

/** What else must be known beside the verdict, a sentence each. */
export const noticesOf = (
  { frozen, quarantine, stale, persistence, source }: Status,
  about: Verdict['about'],
): readonly string[] => {
  const notices: string[] = []
  if (frozen !== undefined && about !== 'frozen')
    notices.push(`Frozen since ${clockTime(frozen.since)}: ${short(frozen.reason, 200)}`)
  if (stale !== undefined && about !== 'stale') {
    notices.push(
      `Not compared with the source since ${clockTime(stale.since)}; it is ${source.state.replace('-', ' ')}.`,
    )
  }
  if (quarantine.length > 0) {
    const names = quarantine.map(({ revision }) => short(revision, 20))
    notices.push(`In quarantine, not tried again for now: revision ${listed(names)}.`)
  }
  if (persistence?.lastError !== undefined) {
    notices.push(`What serves cannot be kept on disk. ${failureLine(persistence.lastError)}`)
  }
  return notices
}
