export { memorySource } from './memory-source.ts'
export type { MemoryContent, MemorySource } from './memory-source.ts'
export { createVirtualClock } from './virtual-clock.ts'
export type { VirtualClock, VirtualClockOptions } from './virtual-clock.ts'
