import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import * as machines from '../../../machines/index.ts'
import { chartOf } from './chart-layout.ts'

export const COMMAND = 'node --import tsx test/inspect/page/write-page.ts'

const page = new URL('../../../src/inspect/page/', import.meta.url)

const head = `// Written by \`${COMMAND}\`. Do not edit: a test compares.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: a text of code`

/** A string literal as the formatter writes it. */
const literal = (text: string): string => {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  const singles = text.split("'").length
  const doubles = text.split('"').length
  return singles > doubles ? `"${escaped.replaceAll('"', '\\"')}"` : `'${escaped.replaceAll("'", "\\'")}'`
}

const bundle = async (entry: string): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, page))],
    bundle: true,
    write: false,
    format: 'esm',
    target: ['es2022', 'chrome109', 'firefox115', 'safari16.4'],
    charset: 'utf8',
    legalComments: 'none',
    minifyWhitespace: true,
    logLevel: 'silent',
  })
  // Paths of the machine that bundles must not be in it, nor may its text end the element that it stands in.
  return (outputFiles[0]?.text ?? '').replaceAll('</', '<\\/').trim()
}

const assets = async (): Promise<string> => {
  const [script, style] = await Promise.all([bundle('client/main.ts'), bundle('client/style/page.css')])
  return [
    head,
    "/** The page's code: `client/main.ts` and all that it imports. */",
    `export const script =\n  ${literal(script)}`,
    "/** The page's looks: `client/style/page.css` and all that it imports. */",
    `export const style =\n  ${literal(style)}\n`,
  ].join('\n')
}

const charts = async (): Promise<string> => {
  const all = Object.values(machines).filter((value) => 'root' in value)
  // The order on the page: as a change goes.
  const order = ['reload', 'watch', 'admission']
  const placed = await Promise.all(all.map(chartOf))
  placed.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
  return [
    head,
    '/** The statecharts, laid out, as JSON: `readonly Chart[]` of `client/chart-data.ts`. */',
    `export const charts =\n  ${literal(JSON.stringify(placed).replaceAll('</', '<\\/'))}\n`,
  ].join('\n')
}

/** The generated modules, by path. */
export const generated = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([
    [fileURLToPath(new URL('assets.ts', page)), await assets()],
    [fileURLToPath(new URL('charts.ts', page)), await charts()],
  ])
