import type { Model } from './model.ts'
import { describeHeadline, type Tone } from './panels/headline.ts'

const colours: Readonly<Record<Tone, string>> = {
  good: '%231a7f4b',
  busy: '%232563c9',
  calm: '%23667085',
  warn: '%23b25e09',
  bad: '%23c81e1e',
}

const shapes: Readonly<Record<Tone, string>> = {
  good: "<path d='M4.5 8.5l2.5 2.5 4.5-5.5' fill='none' stroke='white' stroke-width='2'/>",
  busy: "<circle cx='8' cy='8' r='3' fill='none' stroke='white' stroke-width='2'/>",
  calm: "<path d='M5 8h6' stroke='white' stroke-width='2'/>",
  warn: "<path d='M8 4v5M8 11v1.5' stroke='white' stroke-width='2'/>",
  bad: "<path d='M5 5l6 6M11 5l-6 6' stroke='white' stroke-width='2'/>",
}

const iconUrl = (tone: Tone): string => {
  const body = `<rect width='16' height='16' rx='4' fill='${colours[tone]}'/>${shapes[tone]}`
  return `data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>${body}</svg>`
}

/** Returns a function that shows the headline in the tab's title and icon, so that it is readable among other tabs. */
export const createFavicon = (): ((model: Model) => void) => {
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]')
  let shown = ''
  return (model) => {
    const { title, tone, glyph } = describeHeadline(model)
    const text = `${glyph} ${title} · changeover`
    if (text === shown) return
    shown = text
    document.title = text
    if (icon !== null) icon.href = iconUrl(tone)
  }
}
