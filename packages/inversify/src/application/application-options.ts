import { boolean, custom, describe, durationMs, type OptionRules } from '@hearken/core/internal';
import type { KafkaListenerEndpoint } from '../endpoint/kafka-listener-endpoint.js';
import { HOST, type HostProcess } from './process-signals.js';

/** How an application starts, ends, and treats its process. */
export interface ApplicationOptions {
  /** Listeners beside those of beans. More by `registry.register`. @default none */
  readonly endpoints?: readonly KafkaListenerEndpoint[];
  /** false: `startKafka` makes the application and does not start it; `start` does. @default true */
  readonly autoStart?: boolean;
  /**
   * How long a step of start and stop may take, in milliseconds, from 1: topics, templates, producers, beans. Listeners have
   * their own `startTimeoutMs` and `shutdownTimeoutMs`. @default 30000
   */
  readonly stepTimeoutMs?: number;
  /**
   * Whether the beans of the container are let go, by `unbindAllAsync`, once everything has stopped or has not started. false
   * where the container goes on without this application. @default true
   */
  readonly unbindBeans?: boolean;
  /**
   * The signals that stop the application; a second one aborts the listeners that still run. The process then ends with 0, with
   * 1 after an error, with 128 and the signal's number after a second signal; an application that fails by itself ends its
   * process with 1, too. false: the process is somebody else's; no signal is heard and no exit code set.
   * @default ['SIGTERM', 'SIGINT']
   */
  readonly signals?: readonly NodeJS.Signals[] | false;
  /**
   * Once stopped by a signal or an error the process ends when nothing is left for it to do, or so long after, in milliseconds,
   * with a warning. @default 5000
   */
  readonly exitAfterMs?: number;
  /** Who tells of signals and is ended. @default node's process */
  readonly process?: HostProcess;
}

export type ResolvedApplicationOptions = Required<ApplicationOptions>;

export const APPLICATION_RULES: OptionRules<ResolvedApplicationOptions> = {
  endpoints: custom<readonly KafkaListenerEndpoint[]>([], (value) =>
    Array.isArray(value) ? undefined : `must be a list of endpoints, got ${describe(value)}`,
  ),
  autoStart: boolean(true),
  stepTimeoutMs: durationMs(30_000, { min: 1 }),
  unbindBeans: boolean(true),
  signals: custom<readonly NodeJS.Signals[] | false>(['SIGTERM', 'SIGINT'], (value) =>
    value === false || (Array.isArray(value) && value.every((one) => typeof one === 'string' && one.startsWith('SIG')))
      ? undefined
      : `must be a list of signals or false, got ${describe(value)}`,
  ),
  exitAfterMs: durationMs(5_000),
  process: custom<HostProcess>(HOST, () => undefined),
};
