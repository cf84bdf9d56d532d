import type { MessageListenerContainer } from '@hearken/listener';
import { PriorityListenerContainer } from '@hearken/priority';
import { PLAIN_ONLY } from '../config/settings.js';

/** What listens for an endpoint: with levels or without. */
export type AnyContainer = MessageListenerContainer<unknown, unknown> | PriorityListenerContainer<unknown, unknown>;

/** Whether it can start no more: a container starts once. */
export const isOver = ({ state }: AnyContainer): boolean => ['stopping', 'stopped', 'failed'].includes(state);

export function pauseAll(container: AnyContainer): void {
  for (const each of partsOf(container)) each.pause();
}

export function resumeAll(container: AnyContainer): void {
  for (const each of partsOf(container)) each.resume();
}

export const isPaused = (container: AnyContainer): boolean =>
  container instanceof PriorityListenerContainer
    ? container.levels.every((level) => level.isPaused)
    : container.isPaused();

/**
 * Makes it what another one is, in what may change while it runs.
 * @param changed the settings in which they differ
 * @returns those that hold at once
 */
export function adjust(container: AnyContainer, to: AnyContainer, changed: readonly string[]): readonly string[] {
  if (container instanceof PriorityListenerContainer) {
    if (!(to instanceof PriorityListenerContainer) || !changed.includes('capacity')) return [];
    container.capacity = to.capacity;
    return ['capacity'];
  }
  const isLive = changed.includes('concurrency') && !changed.includes('taskExecutor');
  if (to instanceof PriorityListenerContainer || !isLive) return [];
  container.concurrency = to.concurrency;
  return ['concurrency'];
}

/** What pauses by itself. */
const partsOf = (container: AnyContainer): readonly { pause(): void; resume(): void }[] =>
  container instanceof PriorityListenerContainer ? container.levels : [container];

/** What holds of its properties by default or otherwise, where it can be written down. */
export function builtInOf(container: AnyContainer): Readonly<Record<string, unknown>> {
  if (!(container instanceof PriorityListenerContainer)) return container.properties;
  const [level] = container.levels;
  const ofLevels = Object.entries(level?.container.properties ?? {}).filter(([name]) => !GIVEN_BY_LEVEL.includes(name));
  return {
    ...Object.fromEntries(ofLevels),
    capacity: container.metrics().capacity,
    policy: container.snapshot().policy.name,
  };
}

/** What a level is told by its container: the user says it in another way. */
const GIVEN_BY_LEVEL: readonly string[] = ['topics', 'groupId', 'clientIdSuffix', ...PLAIN_ONLY];
