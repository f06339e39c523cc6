/** The value below which the part `of` (0 to 1) of the samples lies: the nearest rank, no interpolation. */
export const quantile = (samples: readonly number[], of: number): number => {
  const sorted = Float64Array.from(samples).sort()
  const value = sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(of * sorted.length) - 1))]
  if (value === undefined) throw new Error('No samples')
  return value
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5)
