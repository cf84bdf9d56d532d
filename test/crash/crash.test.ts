import assert from 'node:assert/strict';
import { describeWithKafka } from '../support/kafka.js';
import type { BrokerKind } from './crash-broker.js';
import { runCrashes } from './crash-run.js';

/** A little of everything; the long run is `npm run test:crash`. */
async function smoke(broker: BrokerKind): Promise<void> {
  const { violations, records, folder } = await runCrashes({
    seed: 4,
    rounds: 5,
    broker,
    kinds: ['kill', 'stop', 'kill', 'storm', 'freeze'],
    // Where keys are parked, a record may come again, and less can be held against a run.
    exhaustion: broker === 'real' ? 'dead-letter' : 'park',
    protocol: broker === 'real' ? ['cooperative-sticky'] : ['range'],
  });
  assert.deepEqual(violations.slice(0, 20), [], `${violations.length} violations; see ${folder}`);
  assert.ok(records > 1_000, `${records} records`);
}

const WHAT = 'lose nothing, keep the order, and repeat only what was not committed';

describe('processes that are killed, stopped and frozen at random points, on the embedded broker', function () {
  this.timeout(300_000);
  it(WHAT, () => smoke('embedded'));
});

describeWithKafka('processes that are killed, stopped and frozen at random points, on real Kafka', function () {
  this.timeout(300_000);
  it(WHAT, () => smoke('real'));
});
