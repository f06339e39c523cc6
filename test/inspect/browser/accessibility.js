import axe from 'axe-core'
/** What axe-core finds wrong, as lines. All its rules, or those on contrast where only the colours are others. */
export const findings = async (page, rules = 'all', without = []) => {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  const only = rules === 'all' ? '' : `, runOnly: { type: 'rule', values: ['color-contrast'] }`
  const found = await page.evaluate(
    `axe.run({ exclude: ${JSON.stringify(without)} }, { resultTypes: ['violations']${only} }).then(({ violations }) => violations)`,
  )
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary ?? ''}`),
  )
}
/** What is wider than the window, or stands beyond its edge, where nobody can scroll to it. */
export const cutOff = (page) =>
  page.evaluate(() => {
    const scrolls = '.viewport, .track, .graph, .diff, .spoken'
    const isCut = (element) => {
      const { left, right, width } = element.getBoundingClientRect()
      return width > 0 && (right > innerWidth + 1 || left < -1) && element.parentElement?.closest(scrolls) === null
    }
    const all = [...document.querySelectorAll('#page *')].filter(
      (element) => !element.matches('.spoken') && isCut(element),
    )
    const page = document.documentElement.scrollWidth > innerWidth ? ['the page'] : []
    return [...page, ...all.map((element) => `${element.tagName} ${element.getAttribute('class') ?? ''}`)]
  })
/** Waits until the page knows where the service is. */
export const isSettled = (page) => page.locator('.chart .state[data-lit]').first().waitFor()
