/** Which paths the option `public` offers: checked by `npm run types`. */
import { type ConfigPath, createReloader, type Source } from 'changeover'
import * as v from 'valibot'
import { z } from 'zod'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(_: Equal<A, B>): void => {}

declare const source: Source

// What is not plain data has no paths of its own, and no methods are offered.
same<ConfigPath<{ at: Date }>, 'at'>(true)
same<ConfigPath<{ at?: Date | undefined; n: number }>, 'at' | 'n'>(true)
same<ConfigPath<{ a: { b: Date | { c: number } } }>, 'a' | 'a.b' | 'a.b.c'>(true)
same<
  ConfigPath<{ map: Map<string, number>; set: Set<string>; url: URL; re: RegExp; buf: Uint8Array }>,
  'map' | 'set' | 'url' | 're' | 'buf'
>(true)
same<ConfigPath<{ dates: Date[] }>, 'dates' | 'dates.*'>(true)
same<ConfigPath<{ days: Record<string, Date> }>, 'days' | 'days.*'>(true)
const branded = z.object({ id: z.string().brand('Id'), size: z.number().brand<'Size'>() })
same<ConfigPath<z.infer<typeof branded>>, 'id' | 'size'>(true)

// Plain data has the paths that it had.
same<ConfigPath<{ a: { b: [number, { c: bigint }] } }>, 'a' | 'a.b' | 'a.b.*' | 'a.b.*.c'>(true)
const loose = z.object({ a: z.any(), b: z.object({ c: z.any() }) })
same<ConfigPath<z.infer<typeof loose>> & ('a' | 'b' | 'b.c'), 'a' | 'b' | 'b.c'>(true)
same<ConfigPath<{ a: unknown; b: { c: unknown } }>, 'a' | 'b' | 'b.c'>(true)
same<ConfigPath<{ u: { kind: 'a'; x: number } | { kind: 'b'; y: number } | null }>, 'u' | 'u.kind' | 'u.x' | 'u.y'>(
  true,
)

const dated = z.object({ since: z.coerce.date(), log: z.object({ level: z.string() }) })
createReloader({ source, schema: dated, public: ['since', 'log.level'] })
// @ts-expect-error a method is no path
createReloader({ source, schema: dated, public: ['since.toISOString'] })
const ofValibot = v.object({ since: v.date(), seen: v.map(v.string(), v.number()) })
createReloader({ source, schema: ofValibot, public: ['since', 'seen'] })
// @ts-expect-error a method is no path
createReloader({ source, schema: ofValibot, public: ['since.getTime'] })
// @ts-expect-error a property of something else than plain data is no path
createReloader({ source, schema: ofValibot, public: ['seen.size'] })
