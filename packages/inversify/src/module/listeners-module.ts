import { ContainerModule, type Newable } from 'inversify';
import { KAFKA_LISTENER_BEAN } from './tokens.js';

/**
 * Makes singletons of these classes, unless they are bound already, and listeners of their methods: what an application
 * starts. The list is all there is: nothing is scanned, and a decorator alone does nothing.
 */
export function listenersModule(...classes: readonly Newable[]): ContainerModule {
  return new ContainerModule(({ bind, isBound }) => {
    for (const Class of new Set(classes)) {
      if (!isBound(Class)) bind(Class).toSelf().inSingletonScope();
      bind(KAFKA_LISTENER_BEAN).toService(Class);
    }
  });
}
