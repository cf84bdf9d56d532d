import type { Clock, Timer } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { isRetriable } from '../errors.js';

/**
 * How long a node may think before another is asked the same. One that is well answers in milliseconds, or some hundred if
 * it has to be connected to first, and a pause for its garbage rarely takes a second: so hardly a question is asked twice,
 * and a node that is frozen, or gone without a word, costs a second instead of the request's whole time.
 */
export const ASK_ANOTHER_MS = 1_000;

export interface Question<T> {
  readonly clock: Clock;
  /** Whom to ask, in this order; at least one. */
  readonly nodeIds: readonly number[];
  /** Rejects; never throws. */
  readonly ask: (nodeId: number) => Promise<T>;
  /** How long to wait for an answer before the next is asked too; with Infinity it is asked only when the one before failed. */
  readonly patienceMs: number;
}

/**
 * What the first node to answer says. Whoever answers after that, or fails, is not heard: a request that was sent cannot be
 * taken back, and ends with its own time-out at the latest.
 * @throws what failed last, when all have failed; or what no other node would mend, when those that were asked before have
 * failed too: one that is slow may answer still
 */
export async function firstAnswer<T>(question: Question<T>): Promise<{ readonly nodeId: number; readonly answer: T }> {
  const { clock, nodeIds, ask, patienceMs } = question;
  const { promise, resolve, reject } = deferred<{ nodeId: number; answer: T }>();
  const toAsk = [...nodeIds];
  let outstanding = 0;
  let timer: Timer | undefined;
  let failure: unknown;
  let isFinal = false;

  const askNext = (): void => {
    timer?.clear();
    const nodeId = toAsk.shift();
    if (nodeId === undefined) return;
    outstanding++;
    if (toAsk.length > 0 && patienceMs < Infinity) timer = clock.setTimer(askNext, patienceMs);
    ask(nodeId).then((answer) => {
      askNoMore();
      resolve({ nodeId, answer });
    }, onFailure);
  };
  const askNoMore = (): void => {
    toAsk.length = 0;
    timer?.clear();
  };
  const onFailure = (error: unknown): void => {
    outstanding--;
    if (!isFinal) failure = error;
    if (isRetriable(error)) askNext();
    else {
      isFinal = true;
      askNoMore();
    }
    if (outstanding === 0) reject(failure);
  };

  askNext();
  return promise;
}
