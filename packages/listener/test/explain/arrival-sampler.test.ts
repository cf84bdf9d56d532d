import assert from 'node:assert/strict';
import type { ConsumerRecord } from '@hearken/core';
import { ArrivalSampler } from '../../dist/explain/arrival-sampler.js';

const idInTheMiddle = (id: number): Buffer =>
  Buffer.from(`{"schema":"com.example.OrderKey.v1","id":${String(id).padStart(8, '0')},"tenant":"${'t'.repeat(60)}"}`);

describe('ArrivalSampler', () => {
  it('tells long keys apart that begin and end alike: it makes no hot key of them, and misses none among them', () => {
    const sampler = new ArrivalSampler('key', { nullKey: 'unordered' });
    const at = { topic: 'topic', partition: 0 };
    let offset = 0;
    for (let poll = 0; poll < 200; poll++) {
      const records = Array.from({ length: 32 }, () => {
        const key = offset % 4 === 0 ? idInTheMiddle(-1) : idInTheMiddle(offset);
        return { ...at, offset: offset++, key } as ConsumerRecord;
      });
      sampler.arrived({ ...at, records, nextOffset: offset });
    }
    const [hot, next] = sampler.hottest(2).map(({ count, error }) => (count - error) / sampler.total);
    assert.equal(hot, 1 / 4);
    assert.ok(next !== undefined && next < 0.01, `the second has ${next}`);
  });
});
