import { permanent } from '../model/permanence.ts'

/** Node's codes for a value that no call takes, whatever the world around is like. */
const codes = new Set(
  'ERR_INVALID_ARG_TYPE ERR_INVALID_ARG_VALUE ERR_INVALID_PROTOCOL ERR_INVALID_URL ERR_OUT_OF_RANGE ERR_SOCKET_BAD_PORT ERR_TLS_INVALID_PROTOCOL_VERSION ERR_UNESCAPED_CHARACTERS'.split(
    ' ',
  ),
)

/** Declares an error permanent if Node refused a value before anything was asked of the network or the disk. */
export const permanentIfArgument = (error: unknown): unknown =>
  error instanceof Error && codes.has(String((error as { code?: unknown }).code)) ? permanent(error) : error
