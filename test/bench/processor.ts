/**
 * Milliseconds of processor time that this process has used, in all its threads: what is timed with it waits for
 * nothing, and so what else the machine does meanwhile is not in it. The kernel counts it by the microsecond.
 */
export const processorMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}
