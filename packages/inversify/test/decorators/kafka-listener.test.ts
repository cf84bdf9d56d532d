import assert from 'node:assert/strict';
import { Container } from 'inversify';
import { endpointsOf, KafkaListener, Payload } from '@hearken/inversify';

describe('@KafkaListener', () => {
  it('makes an endpoint of a method', async () => {
    class Billing {
      @KafkaListener({ topics: ['orders'], groupId: 'billing', autoStartup: false })
      on(@Payload() order: string): string {
        return order;
      }
    }
    const [endpoint, ...rest] = await endpointsOf(new Billing(), new Container());
    assert.deepEqual(rest, []);
    assert.equal(endpoint?.id, 'Billing.on');
    assert.deepEqual(endpoint.properties, { topics: ['orders'], groupId: 'billing' });
    assert.equal(endpoint.autoStartup, false);
  });
});
