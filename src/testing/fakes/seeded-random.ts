/**
 * Makes a generator of numbers from 0 to below 1 that depend on the seed alone. It is mulberry32 (Tommy Ettinger, public
 * domain), whose integer arithmetic gives the same numbers on every engine.
 */
export const seededRandom = (seed: number): (() => number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
