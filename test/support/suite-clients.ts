import {
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  type KafkaOptions,
  type KafkaTemplateOptions,
  type Sendable,
} from 'hearken';
import { bootstrapServers } from './kafka.js';

/** What a suite makes topics with and looks with, and what it sends with. */
export interface SuiteClients<K = Sendable, V = Sendable> {
  readonly admin: KafkaAdmin;
  readonly template: KafkaTemplate<K, V>;
}

const ofThisRun = (): KafkaOptions => ({ brokers: bootstrapServers(), clientId: 'flow' });

/**
 * Called in the `describe` of a suite: opens its clients before the first test, and closes them after the last.
 * @param keep where the suite has them
 */
export function openClients<K = Sendable, V = Sendable>(
  keep: (clients: SuiteClients<K, V>) => void,
  kafka: () => KafkaOptions = ofThisRun,
  options?: KafkaTemplateOptions<K, V>,
): void {
  let clients: SuiteClients<K, V>;
  before(() => {
    const template = new KafkaTemplate<K, V>(new DefaultKafkaProducerFactory(kafka()), options);
    clients = { admin: new KafkaAdmin(kafka()), template };
    keep(clients);
  });
  after(() => Promise.all([clients.template.close(), clients.admin.close()]));
}
