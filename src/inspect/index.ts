/**
 * A page on this machine that shows what a reloader does, and why it refused a config. Off until it is started.
 */
export { inspector } from './inspector.ts'
export type { Inspector } from './inspector.ts'
export type { Inspectable, InspectorOptions } from './options.ts'
