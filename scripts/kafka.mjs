// `npm run kafka [-- --port N]`: a Kafka to play with, until Ctrl-C.
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { setup } from './setup.mjs';
import { finish } from './with-kafka.mjs';

await finish(async () => {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '9092' } } });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`--port must be 1 to 65535: ${values.port}`);
  setup();
  const { startKafka } = await import('../tools/kafka/dist/index.js');
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  const kafka = await startKafka({ port });
  console.log(`Apache Kafka is up: ${kafka.brokers.join(',')} (Ctrl-C stops it and removes its data)`);
  await stopped;
  await kafka.stop();
  return 0;
});
