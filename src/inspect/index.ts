/** A local page that shows what a reloader does, and why it rejected a config. */
export { inspector } from './inspector.ts'
export type { Inspector, InspectorHandler } from './inspector.ts'
export type { HandlerOptions, Inspectable, InspectorOptions, LinkOptions } from './options.ts'
