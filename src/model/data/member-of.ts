/** Returns a member of the object or array itself: a key may have the name of an inherited one, such as `constructor`. */
export const memberOf = (container: unknown, key: string | number): unknown =>
  typeof container === 'object' && container !== null && Object.hasOwn(container, key)
    ? (container as Record<string | number, unknown>)[key]
    : undefined
