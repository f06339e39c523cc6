/** A local page that shows what a reloader does, and why it rejected a config. */
export { inspector } from './inspector.ts'
export type { Inspector } from './inspector.ts'
export type { Inspectable, InspectorOptions } from './options.ts'
