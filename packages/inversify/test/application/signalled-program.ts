import { silentLogger } from '@hearken/core';
import { Container } from 'inversify';
import { kafkaModule, startKafka, type KafkaListenerEndpoint } from '../../dist/index.js';

// A program as a user has one, for a test that sends it signals. It says on stdout what happens to it.

const [brokers = '', behaviour = ''] = process.argv.slice(2);
const tell = (what: string): void => console.log(what);

/** Keeps the process alive for as long as somebody works, as a socket to a database would. */
const forever = (): Promise<never> => new Promise(() => void setInterval(() => undefined, 1_000_000));

const LISTENERS: Readonly<Record<string, KafkaListenerEndpoint['listener']>> = {
  drains: async () => {
    tell('begun');
    await new Promise<void>((resolve) => process.once('SIGUSR2', () => resolve()));
    tell('ended');
  },
  hangs: async () => {
    tell('begun');
    await forever();
  },
  fails: () => {
    throw new Error('broken');
  },
};

const container = new Container();
container
  .bind('database')
  .toDynamicValue(() => ({}))
  .inSingletonScope()
  .onDeactivation(() => tell('database closed'));
container.get('database');
container.load(
  kafkaModule({
    clusters: { default: { brokers: [brokers] } },
    consumer: { autoOffsetReset: 'earliest' },
    environment: {},
    logger: {
      ...silentLogger,
      info: (_, message) => {
        if (message.startsWith('stopping')) tell('stopping');
      },
    },
  }),
);
if (behaviour === 'lingers') void forever();
if (behaviour === 'starts') setImmediate(() => tell('starting'));
const app = await startKafka(container, {
  exitAfterMs: 20,
  endpoints: [
    {
      id: 'billing',
      where: 'Billing.on',
      listener: LISTENERS[behaviour] ?? (() => undefined),
      properties: {
        topics: ['orders'],
        groupId: behaviour,
        shutdownTimeoutMs: 100_000,
        errorHandler: { decide: () => ({ action: 'stop' }) },
      },
    },
  ],
});
tell('started');
app.finished.then(
  () => tell('finished'),
  () => tell('failed'),
);
