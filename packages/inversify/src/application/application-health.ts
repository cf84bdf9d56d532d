import type { ContainerHealth } from '@hearken/listener';
import type { PriorityHealth } from '@hearken/priority';
import type { RegisteredListener } from '../registry/registered-listener.js';
import type { ApplicationState } from './application-state.js';

/** How an application is. */
export interface ApplicationHealth {
  /** Starting the process anew would not help: false when the application failed, or a listener is not live. */
  readonly live: boolean;
  /** It runs, and every listener that should has its partitions. */
  readonly ready: boolean;
  /** `'up'`: every listener is. `'degraded'`: ready, but a listener has reasons to say more. `'down'`: not ready. */
  readonly status: 'up' | 'degraded' | 'down';
  readonly state: ApplicationState;
  /** By id. */
  readonly listeners: Readonly<Record<string, ContainerHealth | PriorityHealth>>;
  /** Why it failed. */
  readonly error?: unknown;
}

/** A listener that is stopped on purpose, or was never asked to start, is no reason to worry. */
const IDLE: readonly string[] = ['created', 'stopped'];

export function healthOf(
  state: ApplicationState,
  listeners: readonly RegisteredListener[],
  failure: { readonly error: unknown } | undefined,
): ApplicationHealth {
  const healths = listeners.map(({ id, container }) => [id, container.health()] as const);
  const counted = healths.map(([, health]) => health).filter((health) => !IDLE.includes(health.state));
  const ready = state === 'running' && counted.every((health) => health.ready);
  const isWell = counted.every(({ status }) => status === 'up');
  return {
    live: state !== 'failed' && counted.every((health) => health.live),
    ready,
    status: !ready ? 'down' : isWell ? 'up' : 'degraded',
    state,
    listeners: Object.fromEntries(healths),
    ...failure,
  };
}
