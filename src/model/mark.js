// Hands back what it is given, so that the fields of a class that extends it land on that.
class Given {
    constructor(value) {
        // biome-ignore lint/correctness/noConstructorReturn: this is what it is for
        return value;
    }
}
/**
 * Marks objects by a private field, which nobody can see, copy or take away. As a WeakSet, but that one costs about a
 * microsecond for each object, and the garbage collector some work for as long as they live.
 */
export const createMark = () => {
    class Marked extends Given {
        #isMarked = true;
        static has(value) {
            return #isMarked in value;
        }
    }
    return {
        add: (value) => void new Marked(value),
        has: Marked.has,
    };
};
