import { type Applier, createReloader, isNewer as _unused } from 'changeover'
