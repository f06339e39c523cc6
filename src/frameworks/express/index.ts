export { changeover, type ExpressMiddleware, type ExpressOptions } from './express.ts'
