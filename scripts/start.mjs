// `npm start`: the tour, on a Kafka of its own.
import { runNode } from './child.mjs';
import { setup } from './setup.mjs';
import { finish, withKafka } from './with-kafka.mjs';

await finish(() => {
  setup();
  return withKafka({ quickStart: true }, (brokers) =>
    runNode(['--enable-source-maps', 'examples/dist/tour.js'], { env: { HEARKEN_BROKERS: brokers } }),
  );
});
