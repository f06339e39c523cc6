export type { Closable } from '../pin.ts'
export type { Register, RegisteredReloader, RegisteredView } from '../register.ts'
export { pin, type PinOptions } from './pin.ts'
export { pinned, type PinnedOptions, renew } from './pinned.ts'
