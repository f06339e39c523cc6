export { ChangeoverModule } from './changeover-module.ts'
export { InjectConfig, type InjectedReloader, InjectReloader, Live, RELOADER, Unpinned } from './decorators.ts'
export { ChangeoverHealthIndicator, type ConfigHealth } from './health-indicator.ts'
export type { ModuleReloader, NestAsyncOptions, NestOptions } from './options.ts'
