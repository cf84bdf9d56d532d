import assert from 'node:assert/strict';
import { describeWithKafka } from '../support/kafka.js';
import { runCrashes } from './crash-run.js';

describeWithKafka('processes killed at random points', function () {
  this.timeout(120_000);

  it('lose nothing, keep the order, and repeat only what was not committed', async () => {
    const { violations, records, folder } = await runCrashes({ seed: 4, kills: 6 });
    assert.deepEqual(violations.slice(0, 20), [], `${violations.length} violations; see ${folder}`);
    assert.ok(records > 1_000, `${records} records`);
  });
});
