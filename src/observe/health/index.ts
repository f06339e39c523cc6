export { health } from './health.ts'
export type { Health, HealthDetails, HealthHandler, HealthOptions } from './types.ts'
