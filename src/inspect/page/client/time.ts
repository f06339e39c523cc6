/** The server's clock, as far as the page knows it: two machines' clocks seldom agree. */
let offsetMs = 0

/** Takes the server's clock from what it says the time is. */
export const setClock = (serverNow: number): void => {
  offsetMs = serverNow - window.Date.now()
}

/** Wall-clock milliseconds of the server. */
export const now = (): number => window.Date.now() + offsetMs

const two = (value: number): string => String(value).padStart(2, '0')

/** `14:02:11`, and the date before it where it is another day. */
export const clockTime = (at: number): string => {
  const date = new window.Date(at)
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return date.toDateString() === new window.Date(now()).toDateString() ? time : `${dayOf(date)} ${time}`
}

const dayOf = (date: Date): string => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`

/** `340 ms`, `2.1 s`, `4 min 10 s`. */
export const duration = (ms: number): string => {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  return span(ms)
}

/** `12 s`, `3 min`, `2 h 5 min`, `4 d`: for what goes on, so it does not flicker. */
export const span = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 || days > 9 ? `${days} d` : `${days} d ${hours % 24} h`
}

/** Calls back after a delay; returns what calls it off. */
export const later = (ms: number, run: () => void): (() => void) => {
  const timer = window.setTimeout(run, ms)
  return () => window.clearTimeout(timer)
}
