import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));
/** Far above what any of them takes: one that hangs is killed, and its exit code is null. */
const LIMIT_MS = 120_000;

const PREAMBLE = `
  import {
    DefaultErrorHandler, DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory, FixedBackOff, json, KafkaTemplate,
    MessageListenerContainer,
  } from 'hearken';
  const nowhere = { brokers: ['127.0.0.1:1'], bootstrapTimeoutMs: 300 };
  const kafka = { brokers: process.env.HEARKEN_BROKERS.split(',') };
  const [topic, groupId] = process.argv.slice(1);
  const template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
  const listening = (listener) => new MessageListenerContainer(
    new DefaultKafkaConsumerFactory(kafka, { groupId, autoOffsetReset: 'earliest' }),
    {
      topics: [topic], listener, shutdownTimeoutMs: 100,
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }) }),
    },
  );
`;

/** Runs a program that catches nothing but what it says; resolves when it has ended, by itself or by the limit. */
async function ended(program: string): Promise<{ readonly code: number | null; readonly stderr: string }> {
  const names = [uniqueName('process'), uniqueName('group')];
  const child = spawn(process.execPath, ['--input-type=module', '-e', PREAMBLE + program, ...names], {
    cwd: HERE, // where 'hearken' is found
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, HEARKEN_BROKERS: bootstrapServers().join() },
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  const [stderr, closed] = await Promise.all([text(child.stderr), once(child, 'close')]);
  clearTimeout(limit);
  return { code: closed[0] as number | null, stderr };
}

/** Programs of beginners; how they end and what they print. */
const programs: [what: string, program: string, code: number, prints: readonly RegExp[]][] = [
  [
    'wrong options',
    `new KafkaTemplate(undefined, { defaulttopic: 'orders' });`,
    1,
    [/KafkaConfigError: KafkaTemplate cannot be used:/, /did you mean 'defaultTopic'/, /code: 'INVALID_CONFIG'/],
  ],
  [
    'no broker, awaited',
    `await new KafkaTemplate(new DefaultKafkaProducerFactory(nowhere)).send('orders', 'her-secret');`,
    1,
    [/SendError: cannot send to orders: no broker could be reached .*nothing listens there/, /'CONNECTION_FAILED'/],
  ],
  [
    'no broker, not awaited',
    `new KafkaTemplate(new DefaultKafkaProducerFactory(nowhere)).send('orders', 'her-secret');`,
    1,
    [/SendError: cannot send to orders/, /nothing listens there: is the broker running/],
  ],
  [
    'no broker to listen to',
    `await new MessageListenerContainer(
       new DefaultKafkaConsumerFactory(nowhere, { groupId }), { topics: ['orders'], listener() {} },
     ).start();`,
    1,
    [/KafkaConnectionError: no broker could be reached/, /nothing listens there/],
  ],
  [
    'a value that cannot be written, beside good ones',
    `const orders = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka), { valueSerde: json() });
     await Promise.all([orders.send(topic, { id: 1 }), orders.send(topic, { id: 1n, note: 'her-secret' })]);`,
    1,
    [
      /SendError: cannot send to process-.*does it hold a BigInt/,
      /'SERIALIZATION_FAILED'/,
      /Do not know how to serialize/,
    ],
  ],
  [
    'a listener that fails for ever, and nobody looks',
    `await template.send(topic, 'her-secret');
     await template.close();
     await listening(() => { throw new Error('the listener is mistaken'); }).start();`,
    0,
    [/hearken ERROR .*container.*LISTENER_FAILED|ListenerFailedError: the listener failed on process-/, /is mistaken/],
  ],
  [
    'a listener that fails for ever, awaited',
    `await template.send(topic, 'her-secret');
     await template.close();
     const container = listening(() => { throw new Error('the listener is mistaken'); });
     await container.start();
     await container.finished;`,
    1,
    [/ListenerFailedError: the listener failed on process-/, /\[cause\]: Error: the listener is mistaken/],
  ],
  [
    'a listener that never settles, stopped',
    `await template.send(topic, 'her-secret');
     await template.close();
     const started = new Promise((resolve) => {
       globalThis.container = listening(() => { resolve(); return new Promise(() => {}); });
     });
     await container.start();
     await started;
     const { abandoned } = await container.stop();
     console.error('abandoned ' + abandoned);`,
    0,
    [/abandoned 1/],
  ],
];

describeWithKafka('bad input: programs that catch nothing', function () {
  this.timeout(LIMIT_MS + 10_000);
  for (const [what, program, code, prints] of programs) {
    it(`${what}: it ends, and says why`, async () => {
      const end = await ended(program);
      assert.equal(end.code, code, end.stderr);
      for (const says of prints) assert.match(end.stderr, says);
      assert.doesNotMatch(end.stderr, /her-secret|Uint8Array/, 'an error shows what a record holds');
    });
  }
});
