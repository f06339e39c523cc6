/** Thrown for a text that cannot be changed at a path. The message holds nothing of the text. */
export class NotEditable extends Error {}
