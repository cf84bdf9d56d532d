/** The same without its class, to be compared with a literal. */
export const plain = <T extends object>(value: T | undefined): T | undefined => value && { ...value };
