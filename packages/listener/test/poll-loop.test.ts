import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ConsumerRecords } from '@hearken/core';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import { PollLoop } from '../dist/poll-loop.js';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

describe('PollLoop', () => {
  it('keeps nothing of what was polled while it waits for more', async () => {
    const polled: WeakRef<ConsumerRecords>[] = [];
    let end = (): void => undefined;
    const loop = new PollLoop({
      consumer: {
        // One poll brings something, the next one waits.
        poll: () =>
          polled.length === 0 ? Promise.resolve(made()) : new Promise((resolve) => (end = () => resolve(none))),
        wakeup: () => end(),
      },
      dispatcher: { dispatch: () => undefined },
      intake: { room: () => 1 },
      pauses: { lookAtExecutor: () => undefined },
      onTurn: () => undefined,
      clock: new ManualClock(),
      pollTimeoutMs: 5_000,
      keepAliveMs: 1_000,
    });
    const running = loop.run();
    await eventLoopTurn();
    gc();
    assert.deepEqual(
      polled.map((records) => records.deref()),
      [undefined],
    );
    await loop.stop();
    await running;

    function made(): ConsumerRecords {
      const records = new ConsumerRecords([{ topic: 'orders', partition: 0, records: [], nextOffset: 1 }]);
      polled.push(new WeakRef(records));
      return records;
    }
  });
});

const none = ConsumerRecords.EMPTY;
