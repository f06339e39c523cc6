/** The differences that are listed; more are only counted. */
const MAX_DIFFERENCES = 200;
/** What differs between two configs, leaf by leaf, redacted. */
export const diffOf = (previous, next, visibility) => {
    const differences = [];
    let count = 0;
    const note = (path, change, from, to) => {
        count += 1;
        if (differences.length >= MAX_DIFFERENCES)
            return;
        const shown = visibility.isPublic(path);
        differences.push({
            path: visibility.show(path),
            change,
            ...(shown && from !== undefined ? { from } : {}),
            ...(shown && to !== undefined ? { to } : {}),
        });
    };
    const walk = (from, to, path) => {
        if (from === to)
            return;
        if (from === undefined)
            return note(path, 'added', from, to);
        if (to === undefined)
            return note(path, 'removed', from, to);
        const keys = commonShape(from, to);
        if (keys === undefined)
            return note(path, 'changed', from, to);
        for (const key of keys) {
            const at = Array.isArray(from) ? Number(key) : key;
            walk(ownMember(from, key), ownMember(to, key), [...path, at]);
        }
    };
    walk(previous, next, []);
    return { differences, count };
};
/** The keys of two objects, or the indexes of two arrays; undefined where they are not of one shape. */
const commonShape = (from, to) => {
    const areObjects = typeof from === 'object' && typeof to === 'object' && from !== null && to !== null;
    if (!areObjects || Array.isArray(from) !== Array.isArray(to))
        return undefined;
    return new Set([...Object.keys(from), ...Object.keys(to)]);
};
/** A key may be one that every object inherits: `constructor`, `toString`. */
const ownMember = (of, key) => Object.hasOwn(of, key) ? of[key] : undefined;
