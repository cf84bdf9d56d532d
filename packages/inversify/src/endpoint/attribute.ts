import type { AbstractNewable, Container, Newable } from 'inversify';

/** Names something that is bound. Strings are values here, never names. */
export type Token<T> = symbol | Newable<T> | AbstractNewable<T>;

/**
 * A value; what is bound under a token; or what a function makes of the container. The latter two are looked up once, as the
 * application starts.
 */
export type Attribute<T> = T | Token<T> | ((container: Container) => T | Promise<T>);

/** The same where values are functions themselves, so that a function is never asked for another. */
export type FunctionAttribute<T> = T | symbol;
