import type * as Yaml from 'yaml'
import type { Path } from '../../model/data/not-plain.ts'

type Peer = Pick<typeof Yaml, 'parseDocument' | 'isScalar' | 'stringify'>

const options = { version: '1.2', schema: 'core', keepSourceTokens: true } as const

/** Sets a value in a YAML text. A scalar on one line is replaced alone; anything else is written by the library. */
export const editYaml = (peer: Peer, text: string, path: Path, value: unknown): string => {
  const document = peer.parseDocument(text, options)
  const found = document.getIn(path, true)
  const isScalarValue = typeof value !== 'object' || value === null
  if (isScalarValue && peer.isScalar(found) && found.range != null && found.anchor === undefined) {
    const [start, end] = found.range
    const old = text.slice(start, end)
    const isOneLine = old !== '' && !/[\r\n]/.test(old) && !/^[|>&!*]/.test(old)
    const scalar = peer.stringify(value, { lineWidth: 0 }).trimEnd()
    if (isOneLine && !scalar.includes('\n')) return text.slice(0, start) + quoted(scalar, text, start) + text.slice(end)
  }
  document.setIn(path, value)
  return document.toString({ lineWidth: 0 })
}

/** In a flow collection, a plain text with commas or brackets would be read as several. */
const quoted = (scalar: string, text: string, start: number): string => {
  const line = text.slice(text.lastIndexOf('\n', start - 1) + 1, start)
  const mayBeFlow = /[[{]/.test(line)
  return mayBeFlow && /[,[\]{}]/.test(scalar) && !/^["']/.test(scalar) ? JSON.stringify(scalar) : scalar
}
