import type { Clock, Logger } from '@hearken/core';
import type { Settings } from '../config/layers.js';
import type { KafkaListenerEndpointRegistry } from '../registry/kafka-listener-endpoint-registry.js';
import type { LivingBean } from './living-bean.js';
import type { ProcessSignals } from './process-signals.js';
import type { Step } from './steps.js';

/** What an application is made of. */
export interface ApplicationParts {
  readonly registry: KafkaListenerEndpointRegistry;
  /**
   * What comes before the listeners: the registry is open, and has them, in the end.
   * @param onFailed told what ends the application once it runs
   */
  readonly startSteps: (onFailed: (error: Error) => void) => readonly Step[];
  /** What starts and stops by phase beside the listeners; known when the start steps are done. */
  readonly beans: readonly LivingBean[];
  /** How long each of them may take, in milliseconds. */
  readonly stepTimeoutMs: number;
  /** What comes after the listeners have stopped, also where they have not started. */
  readonly stopSteps: readonly Step[];
  /** The clusters' configuration. */
  readonly described: Settings;
  /** undefined: the process is somebody else's. */
  readonly process: ProcessSignals | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}
