import type { ActionName, ActionResult, InspectedTransaction, RevertPreview } from '../../stream/protocol.ts'

/** The result of an action in words. */
export interface ActionMessage {
  readonly ok: boolean
  readonly text: string
}

/** Sends an action to the service. Never rejects. */
export const sendAction = async (name: ActionName, body: object, csrfToken: string): Promise<ActionMessage> => {
  try {
    const response = await fetch(`actions/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-changeover-csrf': csrfToken },
      body: JSON.stringify(body),
    })
    return describeResult((await response.json()) as ActionResult)
  } catch {
    return { ok: false, text: 'The service did not answer. Check the connection, then try again.' }
  }
}

const describeResult = (result: ActionResult): ActionMessage => {
  if (!result.ok) return { ok: false, text: `${result.failure.message}. ${result.failure.hint}` }
  if (result.pending === true) return { ok: true, text: 'Still running. The page will show the outcome.' }
  return { ok: true, text: result.outcome === undefined ? 'Done.' : `Done: ${result.outcome}.` }
}

/** Fetches a whole transaction, or undefined if the service does not have it or does not answer. */
export const fetchTransaction = async (id: string): Promise<InspectedTransaction | undefined> => {
  try {
    const response = await fetch(`transactions/${encodeURIComponent(id)}.json`, { cache: 'no-store' })
    return response.ok ? ((await response.json()) as InspectedTransaction) : undefined
  } catch {
    return undefined // The stream reports a lost connection.
  }
}

/** Fetches what a revert would change. Never rejects. */
export const fetchRevertPreview = async (digest: string): Promise<RevertPreview> => {
  try {
    const response = await fetch(`reverts/${encodeURIComponent(digest)}.json`, { cache: 'no-store' })
    return (await response.json()) as RevertPreview
  } catch {
    const hint = 'Check the connection, then choose the revision again.'
    return { ok: false, failure: { code: 'none', message: 'The service did not answer', hint } }
  }
}
