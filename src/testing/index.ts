export { type MemoryContent, type MemorySource, memorySource } from './fakes/memory-source.ts'
export { createVirtualClock, type VirtualClock, type VirtualClockOptions } from './fakes/virtual-clock.ts'
export * from './simulate/index.ts'
