// One figure in a process of its own: `child.ts <name> <full|smoke>`. Sends each measure as soon as it is known, then ends.
import { figures, type FigureName } from './figures.ts'
import type { FigureMessage, Scale } from './figure.ts'

const [name, scale] = process.argv.slice(2) as [FigureName, Scale]
const { figure } = await figures[name]()
const { title, floor } = figure
const measured = figure.run(scale)
for await (const measure of measured instanceof Promise ? await measured : measured) {
  process.send?.({ title, floor, measure } satisfies FigureMessage)
}
process.disconnect()
