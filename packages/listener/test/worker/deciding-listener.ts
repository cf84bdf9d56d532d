// The listener of `worker-threads.test.ts`, in its threads: its record says how it ends.
import { once } from 'node:events';
import type { WorkerListener } from '@hearken/executor';
import { DeadLetter, NonRetriable, RetryAfter, SkipRecord } from '@hearken/listener';

class CardDeclined extends Error {
  override readonly name = 'CardDeclined';
  readonly code = 'CARD_DECLINED';
}

const ENDS: Readonly<Record<string, (signal: AbortSignal) => unknown>> = {
  skip: () => {
    throw new SkipRecord('seen before');
  },
  'dead-letter': () => {
    throw new DeadLetter('beyond help', new CardDeclined('no money'));
  },
  'non-retriable': () => {
    throw new NonRetriable('no such customer');
  },
  declined: () => {
    throw new CardDeclined('no money');
  },
  mistake: () => (undefined as unknown as { x: { y: number } }).x.y,
  exit: () => process.exit(1),
  wait: (signal) => signal.aborted || once(signal, 'abort'),
};

export const listener: WorkerListener = ({ value }, { attempt, signal }) => {
  const end = String(value);
  if (end === 'retry-after' && attempt === 1) throw new RetryAfter(70);
  return ENDS[end]?.(signal);
};
