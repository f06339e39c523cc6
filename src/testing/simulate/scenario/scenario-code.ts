import type { Scenario, Step } from './scenario.ts'

/** Formats a scenario as code to paste into a test. Its `subject` is what was given to `simulate`. */
export const scenarioCode = (scenario: Scenario): string => {
  const { name = 'found by simulate', seed, start, last, faults, steps, during = [] } = scenario
  const { pauseMs, soakMs, confirmMs, persists, names: naming, announces, readMs } = scenario
  const names = faults.length === 0 ? 'scenario' : 'faults, scenario'
  const lines = [
    `import { ${names} } from 'changeover/testing'`,
    '',
    `await scenario(${json(name)}, { seed: ${seed} })`,
    `  .start(${json(start)})`,
    ...(pauseMs === undefined ? [] : [`  .pause(${pauseMs})`]),
    ...(soakMs === undefined ? [] : [`  .soak(${soakMs})`]),
    ...(confirmMs === undefined ? [] : [`  .confirmWithin(${confirmMs})`]),
    ...(persists === true ? ['  .persistsLastKnownGood()'] : []),
    ...(persists === 'files' ? ["  .persistsLastKnownGood('files')"] : []),
    ...(naming === undefined ? [] : ['  .namesByContent()']),
    ...(announces === true ? ['  .announcesOnly()'] : []),
    ...(readMs === undefined ? [] : [`  .readsTake(${readMs})`]),
    ...faults.map(
      ({ module, phase, call, kind, ms = '' }) =>
        `  .fault(${place(module, phase)}, faults.${camelCase(kind)}(${ms})${callArgument(call)})`,
    ),
    ...during.map(
      ({ module, phase, call, step }) =>
        `  .during(${place(module, phase)}, (s) => s${stepCode(step)}${callArgument(call)})`,
    ),
    ...steps.map((step) => `  ${stepCode(step)}`),
    `  .last(${json(last)})`,
    '  .run(subject)',
    '  .expectHeld()',
  ]
  return lines.join('\n')
}

const stepCode = (step: Step): string => {
  switch (step.do) {
    case 'put':
      return `.put(${json(step.document)})`
    case 'storm':
      return `.storm(${step.count}, ${json(step.document)})`
    case 'put-both':
      return `.putBoth(${step.documents.map(json).join(', ')})`
    case 'advance':
    case 'clock':
    case 'overlap':
      return `.${step.do}(${step.ms})`
    case 'refresh':
      return step.module === undefined ? '.refresh()' : `.refresh(${json(step.module)})`
    case 'outage':
      return `.outage(${place(step.module, step.phase)}${step.ms === undefined ? '' : `, ${step.ms}`})`
    case 'source':
      return step.ms === undefined ? `.source('${step.fault}')` : `.source('${step.fault}', ${step.ms})`
    default:
      return `.${step.do}()`
  }
}

const callArgument = (call: number): string => (call === 1 ? '' : `, ${call}`)

const json = (value: unknown): string => JSON.stringify(value) ?? 'undefined'

const place = (module: string, phase: string): string => {
  const text = `${module}.${phase}`
  return /^[\w. -]*$/.test(text) ? `'${text}'` : JSON.stringify(text)
}

const camelCase = (name: string): string => name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
