import { html, setAttribute } from '../dom.ts'
import { describeFailure, joinNames, shorten } from '../labels.ts'
import type { Status } from '../model.ts'
import { formatTime } from '../time.ts'
import type { Headline } from './headline.ts'

/** Creates the list of warnings below the headline. */
export const createBanners = () => {
  const element = html('ul', { class: 'banners', 'aria-label': 'Warnings' })
  let shown = ''
  const update = (status: Status | undefined, topic: Headline['topic']): void => {
    const texts = status === undefined ? [] : describeWarnings(status, topic)
    setAttribute(element, 'hidden', texts.length === 0)
    if (texts.join('\n') === shown) return
    shown = texts.join('\n')
    element.replaceChildren(...texts.map((text) => html('li', {}, text)))
  }
  return { element, update }
}

/** Returns one sentence for each warning that the headline does not cover. */
const describeWarnings = (
  { frozen, quarantine, stale, persistence, source }: Status,
  topic: Headline['topic'],
): readonly string[] => {
  const texts: string[] = []
  if (frozen !== undefined && topic !== 'frozen') {
    texts.push(`Frozen since ${formatTime(frozen.since)}: ${shorten(frozen.reason, 200)}`)
  }
  if (stale !== undefined && topic !== 'stale') {
    texts.push(
      `Not compared with the source since ${formatTime(stale.since)}; the source is ${source.state.replace('-', ' ')}.`,
    )
  }
  if (quarantine.length > 0) {
    const names = quarantine.map(({ revision }) => shorten(revision, 20))
    texts.push(`Quarantined, not retried for now: revision ${joinNames(names)}.`)
  }
  if (persistence?.lastError !== undefined) {
    texts.push(`The last known good config cannot be saved. ${describeFailure(persistence.lastError)}`)
  }
  return texts
}
