export { fleet } from './fleet.ts'
export type { FleetOptions } from './options.ts'
export type { Membership as Fleet } from '../membership.ts'
