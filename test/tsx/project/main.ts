import { EmbeddedKafka } from '@hearken/embedded-broker';
import { kafkaModule, listenersModule, startKafka } from '@hearken/inversify';
import { json, KafkaTemplate } from 'hearken';
import { Container } from 'inversify';
import { Billing, Books, Ledger } from './beans.js';

const kafka = await EmbeddedKafka.start({ topics: ['orders:1', 'bills:1'] });
const container = new Container({ defaultScope: 'Singleton' });
container.bind(Ledger).toSelf();
container.load(
  kafkaModule({
    clusters: { default: { brokers: kafka.brokers } },
    templates: { default: { valueSerde: json() } },
    factories: { default: { valueSerde: json() } },
  }),
  listenersModule(Billing, Books),
);
const application = await startKafka(container, { signals: false });
const ledger = container.get(Ledger);
await container
  .get<KafkaTemplate<string, unknown>>(KafkaTemplate)
  .send('orders', { id: 'o-1', total: 12 }, { headers: { trace: 't' } });
await ledger.full;
await application.stop();
await kafka.stop();
console.log(ledger.lines.join('\n'));
