import { invalidOption } from '../model/option-checks.ts'

/** Options of all adapters of frameworks. */
export interface RequestOptions<Request> {
  /**
   * Whether a request holds one snapshot until its response has closed. False for what lasts: streams, server-sent
   * events and WebSockets. What is not pinned sees what serves, each time it looks.
   *
   * @default true
   */
  readonly pin?: boolean | ((request: Request) => boolean)
  /**
   * Whether `pinned()` works below the handlers, by an `AsyncLocalStorage`. Without it the request itself has the
   * snapshot.
   *
   * @default true
   */
  readonly asyncContext?: boolean
}

/** The options, checked and filled in. */
export interface CheckedOptions<Request> {
  readonly isPinned: (request: Request) => boolean
  readonly asyncContext: boolean
}

/** @throws ChangeoverError `reloader.invalid-option` */
export const checkRequestOptions = <Request>(
  name: string,
  { pin = true, asyncContext = true, ...unknown }: RequestOptions<Request>,
): CheckedOptions<Request> => {
  for (const option of Object.keys(unknown)) throw invalidOption(`${name} has no option ${option}`)
  if (typeof asyncContext !== 'boolean') throw invalidOption('asyncContext must be true or false')
  if (typeof pin === 'function') return { isPinned: pin, asyncContext }
  if (typeof pin !== 'boolean') throw invalidOption('pin must be true, false or a function')
  return { isPinned: () => pin, asyncContext }
}
