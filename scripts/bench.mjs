// `npm run bench -- <scenario>`: benchmarks on a Kafka of their own, compiled as in production.
import { runNode } from './child.mjs';
import { setup } from './setup.mjs';
import { finish, withKafka } from './with-kafka.mjs';

await finish(() => {
  setup();
  return withKafka({}, (brokers) =>
    runNode(['bench/dist/main.js', ...process.argv.slice(2)], { env: { HEARKEN_BROKERS: brokers } }),
  );
});
