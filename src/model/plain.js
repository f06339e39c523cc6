import { createMark } from './mark.ts';
/** How deep a document may be nested: far beyond what people write, far below what overflows a stack. */
const MAX_DEPTH = 100;
/** Says what in a value is not plain data, and where. */
export class NotPlain extends Error {
    code;
    path;
    kind;
    constructor(code, path, kind) {
        super(code);
        this.code = code;
        this.path = path;
        this.kind = kind;
    }
}
/** What kind of thing a value is, without the value. */
export const kindOf = (value) => {
    if (value === undefined)
        return 'missing';
    if (value === null)
        return 'null';
    if (Array.isArray(value))
        return 'array';
    const type = typeof value;
    if (type === 'object' || type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint')
        return type;
    return 'other';
};
const isPlainObject = (value) => {
    const prototype = Object.getPrototypeOf(value);
    return prototype === Object.prototype || prototype === null;
};
/** Members and items that a document may have; a parser's shared references can make millions of a few bytes. */
const MAX_MEMBERS = 1000000;
/**
 * Counts the members of all objects of a parsed document; throws {@link NotPlain} where it is nested too deeply, has
 * too many parts or uses `__proto__`. Run before the schema sees the document, whose own recursion has no such limit.
 */
export const countMembers = (value) => {
    const count = { parts: 1, members: 0 };
    const isWhole = typeof value !== 'object' || value === null || countWithin(value, 0, count);
    if (!isWhole)
        refuse(value, [], { parts: 0, members: 0 });
    return count.members;
};
/** False where something is to be refused. Keeps no path, since nearly every document is in order. */
const countWithin = (at, depth, count) => {
    if (depth >= MAX_DEPTH)
        return false;
    if (Array.isArray(at)) {
        count.parts += at.length;
        if (count.parts > MAX_MEMBERS)
            return false;
        for (const item of at) {
            if (typeof item === 'object' && item !== null && !countWithin(item, depth + 1, count))
                return false;
        }
        return true;
    }
    const keys = Object.keys(at);
    count.parts += keys.length;
    count.members += keys.length;
    if (count.parts > MAX_MEMBERS)
        return false;
    for (const key of keys) {
        const item = at[key];
        if (key === '__proto__')
            return false;
        if (typeof item === 'object' && item !== null && !countWithin(item, depth + 1, count))
            return false;
    }
    return true;
};
/** Says what is refused, and where. */
const refuse = (at, path, count) => {
    count.parts += 1;
    if (count.parts > MAX_MEMBERS)
        throw new NotPlain('document.too-large', [], 'object');
    if (typeof at !== 'object' || at === null)
        return;
    if (path.length >= MAX_DEPTH)
        throw new NotPlain('document.too-deep', path, kindOf(at));
    for (const [key, item] of Array.isArray(at) ? at.entries() : Object.entries(at)) {
        if (key === '__proto__')
            throw new NotPlain('document.forbidden-key', path, 'object');
        refuse(item, typeof item === 'object' ? [...path, key] : path, count);
    }
    if (path.length === 0)
        throw new NotPlain('document.too-large', [], 'object'); // it is another one at each look
};
// Objects made here are frozen to the bottom and never change, so they may be shared and need no second walk.
const owned = createMark();
/** True for data that is known to be plain and frozen to the bottom. */
export const isOwned = (value) => typeof value === 'object' && value !== null && owned.has(value);
/**
 * The value as plain, deep-frozen data that nobody else holds. Parts that equal `previous` are taken from there, so
 * equal data is identical data, and finding out what changed costs one walk.
 *
 * @throws NotPlain where something is not plain data: only objects, arrays, strings, booleans, null, bigints and
 * finite numbers are. Members that are `undefined` count as absent.
 */
export const toPlain = (value, previous, path = []) => walk(value, isOwned(previous) ? previous : undefined, [...path]);
/** `before` is owned, and so is all that is in it. */
const walk = (value, before, place) => {
    if (typeof value !== 'object' || value === null)
        return toScalar(value, place);
    if (owned.has(value))
        return value === before || !isEqual(value, before) ? value : before;
    if (place.length >= MAX_DEPTH)
        throw new NotPlain('document.too-deep', [...place], kindOf(value));
    return Array.isArray(value) ? walkArray(value, before, place) : walkObject(value, before, place);
};
const walkBelow = (value, before, key, place) => {
    if (typeof value === 'string' || typeof value === 'boolean')
        return value;
    place.push(key);
    const plain = walk(value, before, place);
    place.pop();
    return plain;
};
const toScalar = (value, place) => {
    const type = typeof value;
    const isPlain = value === null || type === 'string' || type === 'boolean' || type === 'bigint' || Number.isFinite(value);
    if (!isPlain)
        throw new NotPlain('config.not-plain', [...place], kindOf(value));
    return value;
};
const walkArray = (value, before, place) => {
    const old = Array.isArray(before) ? before : [];
    const isSameLength = old.length === value.length && before === old;
    // Made when the first difference is found: most arrays have none.
    let made = isSameLength ? undefined : new Array(value.length);
    for (let index = 0; index < value.length; index++) {
        const item = walkBelow(value[index], old[index], index, place);
        if (made === undefined) {
            if (item === old[index])
                continue;
            made = old.slice(0, index);
        }
        made[index] = item;
    }
    return made === undefined ? old : own(made);
};
const none = Object.freeze({});
const checkPlainObject = (value, place) => {
    if (isPlainObject(value))
        return;
    // An async select or transform: that nobody awaits it must not end the process.
    if (value instanceof Promise)
        value.catch(() => { });
    throw new NotPlain('config.not-plain', [...place], 'other');
};
const walkObject = (value, before, place) => {
    checkPlainObject(value, place);
    const hasOld = typeof before === 'object' && before !== null && !Array.isArray(before);
    const old = hasOld ? before : none;
    const oldKeys = Object.keys(old);
    const keys = Object.keys(value);
    // Made when the first difference is found: most objects have none.
    let made;
    let count = 0;
    for (let index = 0; index < keys.length; index++) {
        const key = keys[index];
        if (key === '__proto__')
            throw new NotPlain('document.forbidden-key', [...place], 'object');
        const member = value[key];
        if (member === undefined) {
            made ??= firstOf(old, keys, index);
            continue;
        }
        count += 1;
        // Two documents mostly have their keys in one order, and a comparison is cheaper than a look-up.
        const was = oldKeys[index] === key || Object.hasOwn(old, key) ? old[key] : undefined;
        const item = walkBelow(member, was, key, place);
        if (made === undefined) {
            if (item === was)
                continue;
            made = firstOf(old, keys, index);
        }
        made[key] = item;
    }
    if (hasOld && count === oldKeys.length && (made === undefined || isSame(made, old, count)))
        return old;
    // Asked of new parts only, since it is dear; an old part is taken as it was, without them.
    if (Object.getOwnPropertySymbols(value).length > 0)
        throw new NotPlain('config.not-plain', [...place], 'other');
    return own(made ?? firstOf(old, keys, keys.length));
};
/** An object of the first so many keys, which were found to be the same in both. */
const firstOf = (old, keys, length) => {
    const made = {};
    for (let index = 0; index < length; index++) {
        const key = keys[index];
        made[key] = old[key];
    }
    return made;
};
/** The same members, though something that counts as absent stood among them. */
const isSame = (made, old, count) => {
    const keys = Object.keys(made);
    return keys.length === count && keys.every((key) => Object.hasOwn(old, key) && made[key] === old[key]);
};
const own = (value) => {
    owned.add(value);
    return Object.freeze(value);
};
/** Structural equality of plain data (anything else equals only itself); the order of an object's keys does not count. */
export const isEqual = (a, b) => {
    if (a === b)
        return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
        return false;
    if (Array.isArray(a)) {
        return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]));
    }
    // Of a Set or a Date the keys say nothing: two of them are never known to be equal.
    if (Array.isArray(b) || !isPlainObject(a) || !isPlainObject(b))
        return false;
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length)
        return false;
    return keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
};
