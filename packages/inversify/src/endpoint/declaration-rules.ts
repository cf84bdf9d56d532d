import { describe, type OptionsCheck } from '@hearken/core/internal';
import type { MethodDeclarations } from '../decorators/declarations.js';
import type { DeclaredListener, HandlerMethod, ListenerMethod } from './declared-listener.js';

/** What is wrong with a method as it was decorated. */
export function checkMethod(
  check: OptionsCheck,
  type: NewableFunction,
  { where, name, plan }: ListenerMethod,
  { listeners, handler, parameters, mistakes }: Readonly<MethodDeclarations>,
  ofListeningClass: boolean,
): void {
  const problem = (message: string): void => check.problem(where, message);
  for (const mistake of mistakes) problem(mistake);
  if (mistakes.length > 0) return;
  if (handler === undefined && listeners.length === 0) problem('has no @KafkaListener for its other decorators');
  if (handler !== undefined && listeners.length > 0) problem('cannot have both @KafkaListener and @KafkaHandler');
  if (handler !== undefined && !ofListeningClass)
    problem('has @KafkaHandler, but there is no @KafkaListener on its class');
  if (plan.filter(({ schema }) => schema !== undefined).length > 1) problem('has two @Payload with a schema');
  const method = methodOf(type, name);
  if (method === undefined) problem('is not a method');
  else if (plan.length > 0) checkParameters(problem, parameters, method.length);
}

/** A parameter that nobody gives a value would be undefined. Those with a default value do not count as JavaScript sees it. */
function checkParameters(
  problem: (message: string) => void,
  parameters: MethodDeclarations['parameters'],
  expected: number,
): void {
  for (let index = 0; index < Math.max(expected, parameters.length); index++)
    if (parameters[index] === undefined)
      problem(`parameter ${index} has no decorator, but others have: is it @Payload(), @Record(), @Context()?`);
}

function methodOf(type: NewableFunction, name: string | symbol): { readonly length: number } | undefined {
  for (let one = type.prototype as object | null; one !== null; one = Object.getPrototypeOf(one) as object | null) {
    const found = Object.getOwnPropertyDescriptor(one, name);
    if (found !== undefined) return typeof found.value === 'function' ? (found.value as NewableFunction) : undefined;
  }
  return undefined;
}

/** What is wrong with the methods of a class together. */
export function checkClass(
  check: OptionsCheck,
  name: string,
  listeners: number,
  handlers: readonly HandlerMethod[],
): void {
  if (listeners === 0) check.problem(name, 'has no @KafkaListener');
  const defaults = handlers.filter(({ isDefault }) => isDefault);
  if (defaults.length > 1) check.problem(name, `has ${defaults.length} default handlers: ${listed(defaults)}`);
  for (const type of new Set(handlers.flatMap(({ types }) => types))) {
    const taking = handlers.filter(({ types }) => types.includes(type));
    if (taking.length > 1) check.problem(name, `has ${taking.length} handlers for '${type}': ${listed(taking)}`);
  }
  for (const { where, types, isDefault } of handlers)
    if (types.length === 0 && !isDefault)
      check.problem(where, `is a handler of nothing: name a type, or isDefault: true`);
}

const listed = (methods: readonly ListenerMethod[]): string => methods.map(({ where }) => where).join(', ');

/** What is wrong with one listener; its other options are the container's to judge. */
export function checkListener(check: OptionsCheck, { where, options, target }: DeclaredListener): void {
  const { id, batch, discriminator } = options;
  if (id !== undefined && (typeof id !== 'string' || id === ''))
    check.problem(`${where}.id`, `must be a non-empty string, got ${describe(id)}`);
  if ('where' in target) {
    if (discriminator !== undefined)
      check.problem(`${where}.discriminator`, 'is for a @KafkaListener on a class, which has handlers to choose from');
    if (isBatch(batch) && target.reply !== undefined)
      check.problem(where, 'cannot have @SendTo with batch: what it returns says which records failed');
    return;
  }
  if (target.length === 0) check.problem(where, 'has a @KafkaListener, but no method has @KafkaHandler');
  if (isBatch(batch))
    check.problem(`${where}.batch`, 'cannot be on a class: each record of a batch may be for another handler');
}

export const isBatch = (batch: DeclaredListener['options']['batch']): boolean => batch !== undefined && batch !== false;
