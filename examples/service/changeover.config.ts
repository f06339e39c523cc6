import { Config } from './config.ts'

/** What the command `changeover` checks with. Its target comes from flags or the environment. */
export default { schema: Config, public: ['log', 'cache', 'db.max'] }
