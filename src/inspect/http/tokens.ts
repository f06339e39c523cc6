import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** 256 unguessable bits as text that fits into URLs and cookies. */
export const newSecret = (): string => randomBytes(32).toString('base64url')

/** Takes the same time whatever the two hold: their digests, which have one length, are compared. */
export const isSameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
