import type { StopReport } from '@hearken/listener';
import type { RegisteredListener } from '../registry/registered-listener.js';
import { ListenerContainerError } from './errors.js';
import type { LivingBean } from './living-bean.js';
import type { Step } from './steps.js';

/** Over what containers bound by themselves: so that they are the ones to say what took so long. In milliseconds. */
const MARGIN_MS = 5_000;

/** What an application starts and stops by phase. */
export interface Members {
  readonly listeners: readonly RegisteredListener[];
  readonly beans: readonly LivingBean[];
  /** How long a bean may take, in milliseconds. */
  readonly stepTimeoutMs: number;
}

/** The lowest phase first; in each the beans, then the listeners, all that are of one kind together. */
export const startSteps = ({ listeners, beans, stepTimeoutMs }: Members): readonly Step[] =>
  phasesOf([...beans, ...listeners]).flatMap((phase) => [
    ...stepOf(beans.filter(isOf(phase)), (members) => ({
      name: `start ${namesOf(members)}`,
      timeoutMs: stepTimeoutMs,
      run: (signal) => Promise.all(members.map((bean) => bean.start(signal))),
    })),
    ...stepOf(listeners.filter(isOf(phase)), (members) => ({
      name: `start listeners of phase ${phase}`,
      timeoutMs: longest(members, 'startTimeoutMs'),
      run: () => Promise.all(members.map(startOne)),
    })),
  ]);

/**
 * The reverse.
 * @param onStopped told of each listener as it has stopped
 */
export const stopSteps = (
  { listeners, beans, stepTimeoutMs }: Members,
  onStopped: (id: string, report: StopReport) => void,
): readonly Step[] =>
  phasesOf([...beans, ...listeners])
    .reverse()
    .flatMap((phase) => [
      ...stepOf(listeners.filter(isOf(phase)), (members) => ({
        name: `stop listeners of phase ${phase}`,
        timeoutMs: longest(members, 'shutdownTimeoutMs'),
        run: () => Promise.all(members.map(async (listener) => onStopped(listener.id, await listener.stop()))),
      })),
      ...stepOf(beans.filter(isOf(phase)), (members) => ({
        name: `stop ${namesOf(members)}`,
        timeoutMs: stepTimeoutMs,
        run: (signal) => Promise.all(members.map((bean) => bean.stop(signal))),
      })),
    ]);

async function startOne(listener: RegisteredListener): Promise<void> {
  try {
    await listener.start();
  } catch (error) {
    throw new ListenerContainerError(listener.id, listener.endpoint.where, 'LISTENER_NOT_STARTED', error);
  }
}

interface InPhase {
  readonly phase: number;
}

const phasesOf = (members: readonly InPhase[]): number[] =>
  [...new Set(members.map(({ phase }) => phase))].sort((one, other) => (one < other ? -1 : 1)); // Infinity less itself is no number

const isOf =
  (wanted: number) =>
  ({ phase }: InPhase): boolean =>
    phase === wanted;

const stepOf = <T>(members: readonly T[], step: (members: readonly T[]) => Step): readonly Step[] =>
  members.length === 0 ? [] : [step(members)];

const namesOf = (beans: readonly LivingBean[]): string => beans.map(({ name }) => name).join(', ');

const longest = (listeners: readonly RegisteredListener[], setting: 'startTimeoutMs' | 'shutdownTimeoutMs'): number =>
  Math.max(...listeners.map((listener) => Number(listener.setting(setting)))) + MARGIN_MS;
