export { defaults } from './fixed/defaults.ts'
export { environment, type EnvironmentOptions } from './fixed/environment.ts'
export { layers } from './layers.ts'
export type { Layer, LayersOptions } from './options.ts'
