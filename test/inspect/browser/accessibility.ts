import axe from 'axe-core'
import type { Page } from 'playwright-core'

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[]
}

/** Returns the violations that axe-core finds, as lines. With `contrast` it checks only the colours. */
export const findViolations = async (
  page: Page,
  rules: 'all' | 'contrast' = 'all',
  excludedSelectors: readonly string[] = [],
): Promise<readonly string[]> => {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  const only = rules === 'all' ? '' : `, runOnly: { type: 'rule', values: ['color-contrast'] }`
  const violations = (await page.evaluate(
    `axe.run({ exclude: ${JSON.stringify(excludedSelectors)} }, { resultTypes: ['violations']${only} }).then(({ violations }) => violations)`,
  )) as Violation[]
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary ?? ''}`),
  )
}

/** Returns the elements that are wider than the window or lie outside it, where no user can scroll to them. */
export const findClippedElements = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const scrollBoxes = '.top .identity, .viewport, .track, .graph, .diff, .visually-hidden'
    const isClipped = (element: Element): boolean => {
      const { left, right, width } = element.getBoundingClientRect()
      return width > 0 && (right > innerWidth + 1 || left < -1) && element.parentElement?.closest(scrollBoxes) === null
    }
    const clipped = [...document.querySelectorAll('#page *')].filter(
      (element) => !element.matches('.visually-hidden') && isClipped(element),
    )
    const page = document.documentElement.scrollWidth > innerWidth ? ['the page'] : []
    return [...page, ...clipped.map((element) => `${element.tagName} ${element.getAttribute('class') ?? ''}`)]
  })

/** Waits until the page shows the service's state. */
export const waitUntilSettled = (page: Page): Promise<void> =>
  page.locator('html[data-connection="live"] .top h1:not(:empty)').waitFor()
