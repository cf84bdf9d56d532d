import type { ContainerModule, Newable } from 'inversify';
import { beansModule } from './beans.js';
import { KAFKA_LISTENER_BEAN } from './tokens.js';

/**
 * Makes singletons of these classes, unless they are bound already, and listeners of their methods: what an application
 * starts. The list is all there is: nothing is scanned, and a decorator alone does nothing.
 * @throws KafkaConfigError for what is no class
 */
export const listenersModule = (...classes: readonly Newable[]): ContainerModule =>
  beansModule('listenersModule', KAFKA_LISTENER_BEAN, classes);
