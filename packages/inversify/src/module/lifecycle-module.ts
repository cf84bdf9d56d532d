import type { ContainerModule, Newable } from 'inversify';
import type { Lifecycle } from '../application/lifecycle.js';
import { beansModule } from './beans.js';
import { LIFECYCLE_BEAN } from './tokens.js';

/**
 * Makes singletons of these classes, unless they are bound already, and has the application start and stop them, each in its
 * phase: a server that takes requests, which has to stop before listeners drain.
 * @throws KafkaConfigError for what is no class
 */
export const lifecycleModule = (...classes: readonly Newable<Lifecycle>[]): ContainerModule =>
  beansModule('lifecycleModule', LIFECYCLE_BEAN, classes);
