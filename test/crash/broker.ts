// A process with an embedded Kafka in a worker thread; its parent tells it by messages to go down and up again.
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { once } from 'node:events';
import { MIN_SESSION_MS } from './crash-broker.js';

await using kafka = await EmbeddedKafka.start({
  mode: 'worker',
  config: { 'group.min.session.timeout.ms': MIN_SESSION_MS },
});
process.send?.(kafka.brokers);
process.on('message', (what: 'down' | 'up') => {
  const broker = kafka.faults.broker(1);
  void (what === 'down' ? broker.down() : broker.up()).then(() => process.send?.(what));
});
await once(process, 'disconnect');
