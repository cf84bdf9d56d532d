import type { OptionsCheck } from '@hearken/core/internal';
import type { Argument } from '../decorators/argument.js';
import type { MethodDeclarations } from '../decorators/declarations.js';
import type { ReplyDeclaration } from '../decorators/send-to.js';
import { checkClass, checkListener, checkMethod } from './declaration-rules.js';
import type { KafkaListenerOptions } from './kafka-listener-options.js';
import { listenerClassOf } from './listener-class.js';

/** A method that listens. */
export interface ListenerMethod {
  /** `Billing.on` */
  readonly where: string;
  readonly name: string | symbol;
  /** One for each parameter; none where none is decorated. */
  readonly plan: readonly Argument[];
  readonly reply: ReplyDeclaration | undefined;
}

/** One that a listener on its class chooses. */
export interface HandlerMethod extends ListenerMethod {
  readonly types: readonly string[];
  readonly isDefault: boolean;
}

/** One `@KafkaListener`, and all that belongs to it. */
export interface DeclaredListener {
  readonly id: string;
  /** `Billing.on`; for the second on the same method `Billing.on#2`. */
  readonly where: string;
  readonly options: KafkaListenerOptions;
  /** What it calls: the method it stands on, or those of the class it stands on. */
  readonly target: ListenerMethod | readonly HandlerMethod[];
}

/** All listeners of a class. What is wrong with them is a problem. */
export function declaredListeners(type: NewableFunction, check: OptionsCheck): readonly DeclaredListener[] {
  const { name, listeners, methods } = listenerClassOf(type);
  const handlers: HandlerMethod[] = [];
  const declared: DeclaredListener[] = [];
  for (const [method, said] of methods) {
    const target = listenerMethod(name, method, said);
    checkMethod(check, type, target, said, listeners.length > 0);
    if (said.handler !== undefined) {
      const { types = [], isDefault = false } = said.handler;
      handlers.push({ ...target, types, isDefault });
    }
    declared.push(...said.listeners.map((options, index) => declaredListener(target.where, index, options, target)));
  }
  declared.push(...listeners.map((options, index) => declaredListener(name, index, options, handlers)));
  checkClass(check, name, declared.length, handlers);
  for (const one of declared) checkListener(check, one);
  return declared;
}

const listenerMethod = (
  className: string,
  name: string | symbol,
  { parameters, reply }: Readonly<MethodDeclarations>,
): ListenerMethod => ({
  where: `${className}.${typeof name === 'string' ? name : (name.description ?? 'a symbol')}`,
  name,
  plan: parameters.filter((argument) => argument !== undefined),
  reply,
});

/** Ids come from places in the source alone: the same in every process and after every start. */
function declaredListener(
  place: string,
  index: number,
  options: KafkaListenerOptions,
  target: DeclaredListener['target'],
): DeclaredListener {
  const where = index === 0 ? place : `${place}#${index + 1}`;
  return { id: options.id ?? where, where, options, target };
}
