import { describe, OptionsCheck } from '@hearken/core/internal';
import { ContainerModule, type Newable } from 'inversify';
import { BeanError } from '../application/errors.js';

/**
 * Makes singletons of these classes, unless they are bound already, and binds them under the token too.
 * @throws KafkaConfigError for what is no class
 */
export function beansModule(name: string, token: symbol, classes: readonly Newable[]): ContainerModule {
  requireClasses(name, classes);
  return new ContainerModule(({ bind, isBound }) => {
    for (const Class of new Set(classes)) {
      if (!isBound(Class)) bind(Class).toSelf().inSingletonScope();
      bind(token).toDynamicValue((context) => made(Class, () => context.getAsync<unknown>(Class)));
    }
  });
}

/** Not an alias (`toService`): what a constructor throws would come without the name of the bean that was to be made. */
async function made(Class: Newable, make: () => Promise<unknown>): Promise<unknown> {
  try {
    return await make();
  } catch (error) {
    throw new BeanError(Class.name, 'BEAN_NOT_MADE', error);
  }
}

/** Of two modules that import each other one sees the other's classes as undefined: said here, where they are listed. */
function requireClasses(name: string, classes: readonly unknown[]): void {
  const check = new OptionsCheck(name);
  for (const [index, one] of classes.entries())
    if (typeof one !== 'function') {
      const hint = one === undefined ? ': do two files import each other?' : '';
      check.problem(`classes[${index}]`, `must be a class, got ${describe(one)}${hint}`);
    }
  check.throwIfAny();
}
