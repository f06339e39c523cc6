/** Where a text stops being JSON, and what should stand there. It quotes nothing of the text. */
export interface JsonError {
  readonly offset: number
  readonly expected: string
}

/** Finds the first syntax error of a JSON text; undefined if there is none. It needs no stack, however deep the text is. */
export const findJsonError = (text: string): JsonError | undefined => {
  const state: State = { open: [], next: 'value', at: 0 }
  for (;;) {
    while (SPACES.includes(text[state.at] ?? 'x')) state.at++
    const isAtEnd = state.next === 'end' && state.open.length === 0 && state.at >= text.length
    const error = isAtEnd ? undefined : readToken(text, state)
    if (isAtEnd || error !== undefined) return error
  }
}

interface State {
  readonly open: Container[]
  next: Next
  at: number
}

/** Moves behind the next token; returns what is wrong with it. */
const readToken = (text: string, state: State): JsonError | undefined => {
  const { next, at } = state
  const container = state.open.at(-1)
  const char = text[at]
  const error = { offset: at, expected: expectedAt(next, container, char) }
  state.at += 1
  if (isClosing(char, container, next)) {
    state.open.pop()
    state.next = 'end'
  } else if (next === 'end' || next === 'colon') {
    if (char !== separatorOf(next, container)) return error
    state.next = nextAfter(next, container)
  } else if ((char === '{' || char === '[') && !isKey(next)) {
    state.open.push(char)
    state.next = char === '{' ? 'first key' : 'first item'
  } else {
    const end = endOfToken(text, at, next)
    if (typeof end !== 'number') return end ?? error
    state.next = isKey(next) ? 'colon' : 'end'
    state.at = end
  }
  return undefined
}

type Container = '{' | '['

/** What must come next. */
type Next = 'value' | 'first item' | 'next item' | 'first key' | 'next key' | 'colon' | 'end'

const SPACES = ' \n\r\t'

const isKey = (next: Next): boolean => next === 'first key' || next === 'next key'

const isClosing = (char: string | undefined, container: Container | undefined, next: Next): boolean =>
  (char === '}' && container === '{' && (next === 'first key' || next === 'end')) ||
  (char === ']' && container === '[' && (next === 'first item' || next === 'end'))

const separatorOf = (next: 'end' | 'colon', container: Container | undefined): string | undefined => {
  if (next === 'colon') return ':'
  return container === undefined ? '' : ','
}

const nextAfter = (next: 'end' | 'colon', container: Container | undefined): Next => {
  if (next === 'colon') return 'value'
  return container === '{' ? 'next key' : 'next item'
}

const expectedAt = (next: Next, container: Container | undefined, char: string | undefined): string => {
  if (next === 'colon') return 'a colon after the key'
  if (next === 'end') {
    const closing = container === '{' ? 'a comma or a closing brace' : 'a comma or a closing bracket'
    return container === undefined ? 'the end of the document' : closing
  }
  if (next === 'next key' && char === '}') return 'another key: a comma precedes this brace'
  if (next === 'next item' && char === ']') return 'another item: a comma precedes this bracket'
  return isKey(next) ? 'a key in double quotes' : 'a value'
}

const endOfToken = (text: string, at: number, next: Next): number | JsonError | undefined => {
  if (text[at] === '"') return endOfString(text, at)
  return isKey(next) ? undefined : endOfScalar(text, at)
}

const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

const endOfScalar = (text: string, at: number): number | undefined => {
  SCALAR.lastIndex = at
  return SCALAR.test(text) ? SCALAR.lastIndex : undefined
}

const ESCAPE = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y
const FIRST_PRINTABLE = 32

/** Returns the offset after a string, or what is wrong with it. */
const endOfString = (text: string, start: number): number | JsonError => {
  for (let at = start + 1; at < text.length; at++) {
    const char = text[at]
    if (char === '"') return at + 1
    if (text.charCodeAt(at) < FIRST_PRINTABLE) {
      return { offset: at, expected: 'the end of the string: a control character must be escaped' }
    }
    if (char !== '\\') continue
    ESCAPE.lastIndex = at
    if (!ESCAPE.test(text)) return { offset: at, expected: 'an escape that JSON knows, such as \\n or \\u0041' }
    at = ESCAPE.lastIndex - 1
  }
  return { offset: start, expected: 'the end of the string that begins here' }
}
