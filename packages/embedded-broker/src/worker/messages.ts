import type { BrokerEvent } from '../faults/recorded-request.js';
import type { BrokerAddress, BrokerHost } from '../host.js';
import type { ResolvedEmbeddedKafkaOptions } from '../options.js';
import type { PlainError } from './plain-error.js';

// What goes between the threads; all of it can be cloned.

/** Options without what cannot leave a thread. */
export type WorkerOptions = Omit<ResolvedEmbeddedKafkaOptions, 'clock' | 'logger'>;

/** What can be asked of the worker: what a host does, and to start one first. */
export interface Commands extends Omit<BrokerHost, 'addresses' | 'onEvent'> {
  start(options: WorkerOptions): Promise<readonly BrokerAddress[]>;
}

export interface Call<Name extends keyof Commands = keyof Commands> {
  readonly id: number;
  readonly command: Name;
  readonly args: Parameters<Commands[Name]>;
}

export type WorkerMessage =
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: PlainError }
  | { readonly kind: 'events'; readonly events: readonly BrokerEvent[] };
