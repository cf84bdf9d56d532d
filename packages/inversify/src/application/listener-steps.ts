import type { StopReport } from '@hearken/listener';
import type { RegisteredListener } from '../registry/registered-listener.js';
import { ListenerContainerError } from './errors.js';
import type { Step } from './steps.js';

/** Over what containers bound by themselves: so that they are the ones to say what took so long. In milliseconds. */
const MARGIN_MS = 5_000;

/** A step for each phase, the lowest first; those of one phase start together. */
export const startSteps = (listeners: readonly RegisteredListener[]): readonly Step[] =>
  phasesOf(listeners).map(([phase, members]) => ({
    name: `start listeners of phase ${phase}`,
    timeoutMs: longest(members, 'startTimeoutMs'),
    run: () => Promise.all(members.map(startOne)),
  }));

/**
 * The reverse.
 * @param onStopped told of each listener as it has stopped
 */
export const stopSteps = (
  listeners: readonly RegisteredListener[],
  onStopped: (id: string, report: StopReport) => void,
): readonly Step[] =>
  phasesOf(listeners)
    .reverse()
    .map(([phase, members]) => ({
      name: `stop listeners of phase ${phase}`,
      timeoutMs: longest(members, 'shutdownTimeoutMs'),
      run: () => Promise.all(members.map(async (listener) => onStopped(listener.id, await listener.stop()))),
    }));

async function startOne(listener: RegisteredListener): Promise<void> {
  try {
    await listener.start();
  } catch (error) {
    throw new ListenerContainerError(listener.id, listener.endpoint.where, 'LISTENER_NOT_STARTED', error);
  }
}

function phasesOf(listeners: readonly RegisteredListener[]): [phase: number, members: RegisteredListener[]][] {
  const phases = new Map<number, RegisteredListener[]>();
  for (const listener of listeners) phases.set(listener.phase, [...(phases.get(listener.phase) ?? []), listener]);
  return [...phases].sort(([one], [other]) => one - other);
}

const longest = (listeners: readonly RegisteredListener[], setting: 'startTimeoutMs' | 'shutdownTimeoutMs'): number =>
  Math.max(...listeners.map((listener) => Number(listener.setting(setting)))) + MARGIN_MS;
