// The listener of the tests, as a user writes one: does what its record says, and tells of it on the channel that its URL names.
import { once } from 'node:events';
import { BroadcastChannel, threadId } from 'node:worker_threads';
import { KafkaError, type Bytes } from '@hearken/core';
import type { WorkerListener, WorkerListenerContext } from '@hearken/executor';

const channel = new BroadcastChannel(new URL(import.meta.url).searchParams.get('channel') ?? 'none');
channel.unref();
const say = (what: string): void => channel.postMessage({ what, threadId });

class CardDeclined extends Error {
  readonly code = 'CARD_DECLINED';
  readonly limits = new Map([['a', 1n]]);
}

const ACTIONS: Readonly<Record<string, (context: WorkerListenerContext) => unknown>> = {
  wait: async ({ signal }) => {
    say('started');
    if (!signal.aborted) await once(signal, 'abort');
    throw signal.reason;
  },
  spin: ({ signal }) => {
    say('started');
    while (!signal.aborted) Math.random();
    signal.throwIfAborted();
  },
  'spin-unaware': () => {
    say('started');
    for (;;) Math.random();
  },
  hold: async () => {
    const go = new Promise((resolve) => {
      channel.onmessage = (event) => {
        if ((event as { data: unknown }).data === 'go') resolve(undefined);
      };
    });
    say('started');
    await go;
    channel.onmessage = () => undefined;
    channel.unref();
  },
  exit: () => process.exit(3),
  uncaught: async () => {
    setImmediate(() => {
      throw new RangeError('nobody catches this');
    });
    await new Promise(() => undefined);
  },
  'crash-later': () =>
    void setImmediate(() => {
      throw new RangeError('too late for its record');
    }),
  oom: () => {
    const kept: unknown[] = [];
    for (;;) kept.push(new Array(10_000).fill(kept.length));
  },
  decline: () => {
    throw new CardDeclined('no money', { cause: new TypeError('inner', { cause: 'text' }) });
  },
  kafka: () => {
    throw new KafkaError('later', { code: 'LATER', retriable: true });
  },
  mistake: () => (undefined as unknown as { x: { y: number } }).x.y,
  function: () => () => 1,
  thread: () => threadId,
};

export const listener: WorkerListener<unknown, unknown> = (record, context) => {
  const { value } = record;
  const action = Buffer.isBuffer(value) ? ACTIONS[value.toString()] : undefined;
  if (action !== undefined) return action(context);
  const { attempt, epoch } = context;
  const isBuffer = [record.key, value, record.headers.get('h')].map((part) => Buffer.isBuffer(part as Bytes));
  return { ...record, headers: [...record.headers], attempt, epoch, isBuffer, aborted: context.signal.aborted };
};
