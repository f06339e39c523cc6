import type { Model } from './model.ts'
import { describeHeadline, type Tone } from './panels/headline.ts'

const icons: Readonly<Record<Tone, { readonly colour: string; readonly shape: string }>> = {
  good: { colour: '1a7f4b', shape: "<path d='M4.5 8.5l2.5 2.5 4.5-5.5' fill='none' stroke='white' stroke-width='2'/>" },
  busy: { colour: '2563c9', shape: "<circle cx='8' cy='8' r='3' fill='none' stroke='white' stroke-width='2'/>" },
  calm: { colour: '667085', shape: "<path d='M5 8h6' stroke='white' stroke-width='2'/>" },
  warn: { colour: 'b25e09', shape: "<path d='M8 4v5M8 11v1.5' stroke='white' stroke-width='2'/>" },
  bad: { colour: 'c81e1e', shape: "<path d='M5 5l6 6M11 5l-6 6' stroke='white' stroke-width='2'/>" },
}

const iconUrl = (tone: Tone): string => {
  const { colour, shape } = icons[tone]
  const body = `<rect width='16' height='16' rx='4' fill='%23${colour}'/>${shape}`
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
