import { codeTable } from './error-codes.ts';
import { safeCause } from './safe-cause.ts';
// What was thrown may hold config values, so it is reachable through `unsafeCause` alone, never as a property.
const causes = new WeakMap();
/** Makes a failure; of the `cause` only its name and an allow-listed code become visible. */
export const failure = (code, place = {}, cause) => {
    const { what, hint } = codeTable[code];
    const made = Object.freeze({
        code,
        message: `${what}${describePlace(place)}`,
        hint,
        ...place,
        ...(cause === undefined ? {} : { cause: safeCause(cause) }),
    });
    if (cause !== undefined)
        causes.set(made, cause);
    return made;
};
const describePlace = ({ module, phase, path, kind, detail, revision }) => {
    const facts = [
        detail,
        module === undefined ? undefined : `module "${module}"`,
        phase === undefined ? undefined : `phase ${phase}`,
        path === undefined ? undefined : `at ${path}`,
        kind === undefined ? undefined : `found ${kind}`,
        revision === undefined ? undefined : `revision ${revision}`,
    ].filter((fact) => fact !== undefined);
    return facts.length === 0 ? '' : ` (${facts.join(', ')})`;
};
/** Every error that Changeover throws or rejects with. Branch on `code`; `failures` has all of them, first cause first. */
export class ChangeoverError extends Error {
    name = 'ChangeoverError';
    code;
    hint;
    failures;
    constructor(first, rest = []) {
        super(`${first.code}: ${first.message}. ${first.hint}`);
        this.code = first.code;
        this.hint = first.hint;
        this.failures = [first, ...rest];
    }
    get module() {
        return this.failures[0]?.module;
    }
    get phase() {
        return this.failures[0]?.phase;
    }
    get revision() {
        return this.failures[0]?.revision;
    }
}
/** Shorthand for an error of one failure. */
export const changeoverError = (code, place, cause) => new ChangeoverError(failure(code, place, cause));
/** True for an error made by Changeover, also one from another copy of the library. */
export const isChangeoverError = (error) => error instanceof Error && error.name === 'ChangeoverError' && 'failures' in error;
/**
 * The foreign error behind a failure, for debuggers. **Unsafe:** its message, stack and properties may hold config
 * values, passwords among them. Never log it. `undefined` where there is none.
 */
export const unsafeCause = (of) => {
    const first = of instanceof ChangeoverError ? of.failures[0] : of;
    return first === undefined ? undefined : causes.get(first);
};
