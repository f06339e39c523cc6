import type { Scenario, Step } from './scenario.ts'

const data = (value: unknown): string => JSON.stringify(value) ?? 'undefined'

const camel = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())

const place = (module: string, phase: string): string => quoted(`${module}.${phase}`)

const quoted = (text: string): string => (/^[\w. -]*$/.test(text) ? `'${text}'` : JSON.stringify(text))

const stepCode = (step: Step): string => {
  switch (step.do) {
    case 'put':
      return `.put(${data(step.document)})`
    case 'storm':
      return `.storm(${step.count}, ${data(step.document)})`
    case 'put-both':
      return `.putBoth(${step.documents.map(data).join(', ')})`
    case 'advance':
      return `.advance(${step.ms})`
    case 'source':
      return step.ms === undefined ? `.source('${step.fault}')` : `.source('${step.fault}', ${step.ms})`
    default:
      return `.${step.do}()`
  }
}

/** The scenario as code to paste into a test; `subject` is what was given to `simulate`: schema, modules, invariants. */
export const scenarioCode = (scenario: Scenario): string => {
  const {
    name = 'found by simulate',
    seed,
    start,
    last,
    pauseMs,
    soakMs,
    confirmMs,
    persists,
    faults,
    steps,
    during = [],
  } = scenario
  const names = faults.length === 0 ? 'scenario' : 'faults, scenario'
  const lines = [
    `import { ${names} } from 'changeover/testing'`,
    '',
    `await scenario(${data(name)}, { seed: ${seed} })`,
    `  .start(${data(start)})`,
    ...(pauseMs === undefined ? [] : [`  .pause(${pauseMs})`]),
    ...(soakMs === undefined ? [] : [`  .soak(${soakMs})`]),
    ...(confirmMs === undefined ? [] : [`  .confirmWithin(${confirmMs})`]),
    ...(persists === true ? ['  .keepsLastGood()'] : []),
    ...faults.map(({ module, phase, call, kind }) => {
      const nth = call === 1 ? '' : `, ${call}`
      return `  .fault(${place(module, phase)}, faults.${camel(kind)}()${nth})`
    }),
    ...during.map(({ module, phase, call, step }) => {
      const nth = call === 1 ? '' : `, ${call}`
      return `  .during(${place(module, phase)}, (s) => s${stepCode(step)}${nth})`
    }),
    ...steps.map((step) => `  ${stepCode(step)}`),
    `  .last(${data(last)})`,
    '  .run(subject)',
    '  .expectHeld()',
  ]
  return lines.join('\n')
}
