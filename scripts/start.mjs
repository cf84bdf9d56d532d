// `npm start`: the tour. It needs nothing but Node, and takes the Kafka of HEARKEN_BROKERS instead if that is set.
import { runNode } from './child.mjs';
import { setup } from './setup.mjs';
import { finish } from './with-kafka.mjs';

await finish(() => {
  setup();
  return runNode(['--enable-source-maps', 'examples/dist/tour.js']);
});
