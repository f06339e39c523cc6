// One figure in a process of its own: `child.ts <name> <full|smoke>`. Answers with one message, then ends.
import { figures, type FigureName } from './figures.ts'
import type { Scale } from './figure.ts'

const [name, scale] = process.argv.slice(2) as [FigureName, Scale]
const { figure } = await figures[name]()
const measures = await figure.run(scale)
process.send?.({ figure: name, title: figure.title, floor: figure.floor, measures })
process.disconnect()
