import { declarationsOf, type ClassDeclarations, type MethodDeclarations } from '../decorators/declarations.js';
import type { KafkaListenerOptions } from './kafka-listener-options.js';

/** What a class and those it extends say together. */
export interface ListenerClass {
  readonly name: string;
  /** Of the class as a whole. */
  readonly listeners: readonly KafkaListenerOptions[];
  readonly methods: ReadonlyMap<string | symbol, Readonly<MethodDeclarations>>;
}

/** Reads what decorators left on a class and its ancestors. */
export function listenerClassOf(type: NewableFunction): ListenerClass {
  const lineage = [...ancestry(type)].reverse().flatMap((one) => declarationsOf(one) ?? []);
  const methods = new Map<string | symbol, Readonly<MethodDeclarations>>();
  for (const own of lineage)
    for (const [name, said] of own.methods) methods.set(name, override(methods.get(name), said));
  return { name: type.name, listeners: lineage.reduce(lastSaid, []), methods };
}

/** From the class itself up. */
function* ancestry(type: NewableFunction): Generator<object> {
  for (
    let one: unknown = type;
    typeof one === 'function' && one !== Function.prototype;
    one = Object.getPrototypeOf(one)
  )
    yield one;
}

const lastSaid = (before: readonly KafkaListenerOptions[], { listeners }: ClassDeclarations) =>
  listeners.length > 0 ? listeners : before;

/**
 * What holds for a method that is overridden. Whoever says again that it listens says all of it anew; whoever decorates
 * its parameters only, changes only them.
 */
function override(before: Readonly<MethodDeclarations> | undefined, own: Readonly<MethodDeclarations>) {
  if (before === undefined || own.listeners.length > 0 || own.handler !== undefined) return own;
  return {
    ...before,
    ...own,
    listeners: before.listeners,
    parameters: own.parameters.length > 0 ? own.parameters : before.parameters,
    mistakes: [...before.mistakes, ...own.mistakes],
  };
}
