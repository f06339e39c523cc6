import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
/** Creates a token of 256 random bits, as text that fits into URLs and cookies. */
export const createToken = () => randomBytes(32).toString('base64url')
/** Compares two tokens in constant time. It compares their digests, because `timingSafeEqual` needs equal lengths. */
export const isSameToken = (a, b) => timingSafeEqual(digest(a), digest(b))
const digest = (text) => createHash('sha256').update(text).digest()
