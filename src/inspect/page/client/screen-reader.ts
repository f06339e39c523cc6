import { html, setText } from './dom.ts'
import type { Model } from './model.ts'
import { outcomes } from './labels.ts'

/** Tells a screen reader how transactions end; the worst at once, the others when it has time. */
export const announcer = (): { readonly element: HTMLElement; readonly update: (model: Model) => void } => {
  const polite = html('p', { role: 'status' })
  const urgent = html('p', { role: 'alert' })
  const element = html('div', { class: 'spoken' }, polite, urgent)
  let said: string | undefined
  const update = ({ heads, status }: Model): void => {
    if (status === undefined) return
    const last = heads.findLast(({ outcome }) => outcome !== 'running')
    const key = last === undefined ? '' : `${last.id} ${last.outcome}`
    const isFirst = said === undefined
    if (key === said) return
    said = key
    if (isFirst || last === undefined) return
    const revision = last.revision === undefined ? 'A reload' : `Revision ${last.revision.name}`
    const why = last.failure === undefined ? '' : `: ${last.failure.message}`
    const text = `${revision} ${outcomes[last.outcome].word}${why}.`
    setText(last.outcome === 'degraded' ? urgent : polite, text)
  }
  return { element, update }
}
