/** What a stack takes anyway. */
export function define() {}
