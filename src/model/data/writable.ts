/** The type without `readonly`, for who makes the object. */
export type Writable<Type> = { -readonly [Key in keyof Type]: Type[Key] }
