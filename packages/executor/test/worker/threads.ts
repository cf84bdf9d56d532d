import { randomUUID } from 'node:crypto';
import { BroadcastChannel } from 'node:worker_threads';
import type { ConsumerRecord } from '@hearken/core';
import {
  workerThreadListener,
  type WorkerListenerContext,
  type WorkerThreadListener,
  type WorkerThreadOptions,
} from '@hearken/executor';
import { aRecord, ManualClock, Recorder, RecordingLogger } from '@hearken/testing';

export interface SomeThreads {
  readonly threads: WorkerThreadListener<unknown, unknown>;
  readonly clock: ManualClock;
  readonly logger: RecordingLogger;
  /** What the listeners said, and in which thread. */
  readonly said: Recorder<{ readonly what: string; readonly threadId: number }>;
  /** Has a thread do what the acting listener calls so. */
  readonly act: (action: string, signal?: AbortSignal) => Promise<unknown>;
  /** Lets those go on that hold. */
  readonly go: () => void;
  readonly close: () => Promise<void>;
}

/** Threads with the acting listener, a clock that stands still, and what the threads said. `close` them. */
export function someThreads(options: WorkerThreadOptions = {}): SomeThreads {
  const name = randomUUID();
  const url = new URL(`./acting-listener.js?channel=${name}`, import.meta.url);
  const [clock, logger] = [new ManualClock(), new RecordingLogger()];
  const threads = workerThreadListener<unknown, unknown>(url, {
    ...{ threads: 1, clock, logger, returnsResult: true },
    ...options,
  });
  const said = new Recorder<{ readonly what: string; readonly threadId: number }>();
  const channel = new BroadcastChannel(name);
  channel.onmessage = (event) => said.record((event as { data: { what: string; threadId: number } }).data);
  return {
    ...{ threads, clock, logger, said },
    act: (action, signal = new AbortController().signal) =>
      threads.onMessage(aRecord({ value: action }), contextOf(signal)),
    go: () => channel.postMessage('go'),
    close: async () => {
      channel.close();
      const closing = threads.close();
      // What a failed test left running must not hold up the others.
      clock.advance(60_000);
      await closing;
    },
  };
}

export const contextOf = (signal: AbortSignal = new AbortController().signal): WorkerListenerContext => ({
  ...{ signal, attempt: 1, epoch: 1 },
});

/** A record whose parts are whatever is given, as a serde may have made them. */
export const decoded = (key: unknown, value: unknown): ConsumerRecord<unknown, unknown> => ({
  ...aRecord({ offset: 7 }),
  ...{ key, value },
});

/** What the promise rejects with. */
export const failureOf = (promise: Promise<unknown>): Promise<Error & { readonly code?: unknown }> =>
  promise.then(
    (result) => {
      throw new Error(`should have failed, but returned ${String(result)}`);
    },
    (error: unknown) => error as Error,
  );
