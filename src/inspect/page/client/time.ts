/** The difference to the server's clock, because the clocks of two machines seldom agree. */
let offsetMs = 0

/** Adopts the server's clock. */
export const setClock = (serverNow: number): void => {
  offsetMs = serverNow - window.Date.now()
}

/** Returns the server's wall-clock time in milliseconds. */
export const now = (): number => window.Date.now() + offsetMs

/** `14:02:11`, with the date in front on any day but today. */
export const formatTime = (at: number): string => {
  const date = new window.Date(at)
  const time = `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}:${twoDigits(date.getSeconds())}`
  if (date.toDateString() === new window.Date(now()).toDateString()) return time
  return `${date.getFullYear()}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ${time}`
}

const twoDigits = (value: number): string => String(value).padStart(2, '0')

/** `340 ms`, `2.1 s`, `4 min`. */
export const formatDuration = (ms: number): string => {
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
  return formatElapsed(ms)
}

/** `12 s`, `3 min`, `2 h 5 min`, `4 d`: coarse, so that a running time does not flicker. */
export const formatElapsed = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 || days > 9 ? `${days} d` : `${days} d ${hours % 24} h`
}

/** `in 2 min 05 s`, `in 9 s`, `due`: exact to the second, for a countdown. */
export const formatCountdown = (until: number): string => {
  const seconds = Math.ceil((until - now()) / 1000)
  if (seconds <= 0) return 'due'
  if (seconds < 60) return `in ${seconds} s`
  if (seconds < 3600) return `in ${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`
  return `in ${formatElapsed(seconds * 1000)}`
}

/** Calls back after a delay. Returns a function that cancels it. */
export const setTimer = (ms: number, callback: () => void): (() => void) => {
  const timer = window.setTimeout(callback, ms)
  return () => window.clearTimeout(timer)
}
