import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import * as machines from '../../../machines/index.ts'
import { layOutChart } from './chart-layout.ts'

export const COMMAND = 'node --import tsx test/inspect/page/write-page.ts'

const page = new URL('../../../src/inspect/page/', import.meta.url)

/** Generates the modules of the page that are checked in, by path. */
export const generatePage = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([
    [fileURLToPath(new URL('generated/assets.ts', page)), await generateAssets()],
    [fileURLToPath(new URL('generated/charts.ts', page)), await generateCharts()],
  ])

const head = `// Written by \`${COMMAND}\`. Do not edit: a test compares.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the text is code`

const generateAssets = async (): Promise<string> => {
  const [script, style] = await Promise.all([bundle('client/main.ts'), bundle('client/style/page.css')])
  return [
    head,
    "/** The page's code: `client/main.ts` and its imports. */",
    `export const script: string =\n  ${toLiteral(script)}`,
    "/** The page's style: `client/style/page.css` and its imports. */",
    `export const style: string =\n  ${toLiteral(style)}\n`,
  ].join('\n')
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
  return escapeClosingTags(outputFiles[0]?.text ?? '').trim()
}

/** The order on the page follows a change on its way. */
const order = ['reload', 'watch', 'admission']

const generateCharts = async (): Promise<string> => {
  const charts = await Promise.all(
    Object.values(machines)
      .filter((value) => 'root' in value)
      .map(layOutChart),
  )
  charts.sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
  return [
    head,
    '/** The statecharts with their layout, as JSON: `readonly Chart[]` of `client/charts/chart-data.ts`. */',
    `export const charts: string =\n  ${toLiteral(escapeClosingTags(JSON.stringify(charts)))}\n`,
  ].join('\n')
}

/** Keeps a text from ending the element that contains it. */
const escapeClosingTags = (text: string): string => text.replaceAll('</', '<\\/')

/** Returns a string literal as the formatter writes it. */
const toLiteral = (text: string): string => {
  const escaped = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"')
  const singles = text.split("'").length
  const doubles = text.split('"').length
  return singles > doubles ? `"${escaped.replaceAll('"', '\\"')}"` : `'${escaped.replaceAll("'", "\\'")}'`
}
