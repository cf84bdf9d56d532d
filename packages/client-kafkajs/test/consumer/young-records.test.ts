import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { ConsumerRecords } from '@hearken/core';
import { ManualClock } from '@hearken/testing';
import { AbortedTransactions } from '../../dist/consumer/aborted-transactions.js';
import { Poller } from '../../dist/consumer/poller.js';
import { SubscriptionState } from '../../dist/consumer/subscription-state.js';
import { batchOf } from './support/batches.js';

setFlagsFromString('--allow-natives-syntax');
const isYoung = runInNewContext('(object) => %InYoungGeneration(object)') as (object: object) => boolean;

/** By then V8 has seen what becomes of them, and compiled `poll` for it. */
const POLLS = 150_000;
const RECORDS_PER_BATCH = 100;

// Why: see `youngArray`.
it('The arrays that a poll returns are made young, also after all that was polled before outlived collections', async () => {
  const values = Array.from({ length: RECORDS_PER_BATCH }, () => 'value');
  const batch = await batchOf({ baseOffset: 0, values });
  const subscription = new SubscriptionState(() => undefined);
  const [partition] = subscription.assign([{ topic: 'orders', partition: 0 }]);
  subscription.activate();
  partition!.startAt(0);
  const poller = new Poller(new ManualClock(), subscription, () => undefined);
  let appended = 0;
  const poll = (): Promise<ConsumerRecords> => {
    if (appended === partition!.position) {
      const next = Buffer.from(batch);
      next.writeBigInt64BE(BigInt(appended)); // the base offset is not among what is summed up
      partition!.append(next, new AbortedTransactions([]), { checkCrcs: true });
      appended += RECORDS_PER_BATCH;
    }
    return poller.poll(0, 1);
  };

  const kept: ConsumerRecords[] = [];
  while (kept.length < POLLS) kept.push(await poll());

  const { partitions } = await poll();
  const [{ records } = {}] = partitions;
  assert.equal(records?.[0]?.offset, POLLS);
  assert.deepEqual([partitions, records].map(isYoung), [true, true]);
}).timeout(60_000);
