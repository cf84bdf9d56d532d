import { describe, OptionsCheck } from '@hearken/core/internal';
import { ContainerModule, type Newable } from 'inversify';
import { KAFKA_LISTENER_BEAN } from './tokens.js';

/**
 * Makes singletons of these classes, unless they are bound already, and listeners of their methods: what an application
 * starts. The list is all there is: nothing is scanned, and a decorator alone does nothing.
 * @throws KafkaConfigError for what is no class
 */
export function listenersModule(...classes: readonly Newable[]): ContainerModule {
  requireClasses(classes);
  return new ContainerModule(({ bind, isBound }) => {
    for (const Class of new Set(classes)) {
      if (!isBound(Class)) bind(Class).toSelf().inSingletonScope();
      bind(KAFKA_LISTENER_BEAN).toService(Class);
    }
  });
}

/** Of two modules that import each other one sees the other's classes as undefined: said here, where they are listed. */
function requireClasses(classes: readonly unknown[]): void {
  const check = new OptionsCheck('listenersModule');
  for (const [index, one] of classes.entries())
    if (typeof one !== 'function') {
      const hint = one === undefined ? ': do two files import each other?' : '';
      check.problem(`classes[${index}]`, `must be a class, got ${describe(one)}${hint}`);
    }
  check.throwIfAny();
}
