import type { KafkaListenerOptions } from '../endpoint/kafka-listener-options.js';
import type { Argument } from './argument.js';
import type { KafkaHandlerOptions } from './kafka-handler.js';
import type { ReplyDeclaration } from './send-to.js';

/** By its name in the registry of symbols: a class may be decorated by one copy of this package and read by another. */
const DECLARATIONS = Symbol.for('hearken:listener');

/** What decorators said about one method, in one class: nothing of what it inherits. */
export interface MethodDeclarations {
  /** As they stand in the source, the first on top. */
  readonly listeners: KafkaListenerOptions[];
  /** By position; those without a decorator are missing. */
  readonly parameters: (Argument | undefined)[];
  handler?: KafkaHandlerOptions;
  reply?: ReplyDeclaration;
  /** What cannot be, found as the decorators ran: told as the application starts, with all else. */
  readonly mistakes: string[];
}

/** What decorators said about one class. */
export interface ClassDeclarations {
  readonly listeners: KafkaListenerOptions[];
  readonly methods: Map<string | symbol, MethodDeclarations>;
}

/** The class that a decorator of a member stands in. */
type Owner = object & { [DECLARATIONS]?: ClassDeclarations };

/** What was said about this very class; undefined if nothing was. */
export const declarationsOf = (owner: object): ClassDeclarations | undefined =>
  Object.hasOwn(owner, DECLARATIONS) ? (owner as Owner)[DECLARATIONS] : undefined;

/** The same, to be written to. */
export function declare(owner: object): ClassDeclarations {
  const known = declarationsOf(owner);
  if (known !== undefined) return known;
  const value: ClassDeclarations = { listeners: [], methods: new Map() };
  Object.defineProperty(owner, DECLARATIONS, { value });
  return value;
}

/**
 * Where to write what a decorator says about a method, or about a parameter of it.
 * @param target the prototype, or the class of a static method
 */
export function declareMethod(target: object, method: string | symbol): MethodDeclarations {
  requireLegacyDecorators(method);
  const isStatic = typeof target === 'function';
  const { methods } = declare(isStatic ? target : target.constructor);
  const declarations = methods.get(method) ?? { listeners: [], parameters: [], mistakes: [] };
  methods.set(method, declarations);
  if (isStatic && !declarations.mistakes.includes(STATIC)) declarations.mistakes.push(STATIC);
  return declarations;
}

const STATIC = 'is static: listeners are methods of a bean';

/** Standard decorators get a context object here: they know no parameters, and inversify has none of them either. */
export function requireLegacyDecorators(method: unknown): void {
  if (typeof method === 'object' && method !== null)
    throw new TypeError('listener decorators need "experimentalDecorators": true in tsconfig.json');
}
