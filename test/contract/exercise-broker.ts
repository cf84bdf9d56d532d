import { ContractBroker, type RunningBroker } from './contract-broker.js';
import { clusterCases } from './cases/cluster.js';
import { committedOffsetsCases } from './cases/committed-offsets.js';
import { configCases } from './cases/configs.js';
import { connectionCases } from './cases/connections.js';
import { fetchCases } from './cases/fetch.js';
import { idempotenceCases } from './cases/idempotence.js';
import { joiningCases } from './cases/joining.js';
import { kafkajsCases } from './cases/kafkajs.js';
import { listOffsetsCases } from './cases/list-offsets.js';
import { memberCases } from './cases/members.js';
import { metadataCases } from './cases/metadata.js';
import { ourClientCases } from './cases/our-clients.js';
import { produceCases } from './cases/produce.js';
import { staticMemberCases } from './cases/static-members.js';
import { TimeOuts } from './cases/time-outs.js';
import { topicCases } from './cases/topics.js';
import { transactionCases } from './cases/transactions.js';

/** What every Kafka does that this project relies on, by area. Each case stands alone, and none knows which Kafka it has. */
const AREAS: Readonly<Record<string, (broker: ContractBroker) => void>> = {
  connections: connectionCases,
  metadata: metadataCases,
  produce: produceCases,
  'idempotent producers': idempotenceCases,
  fetch: fetchCases,
  'list offsets': listOffsetsCases,
  'joining a group': joiningCases,
  'members of a group': memberCases,
  'static members': staticMemberCases,
  'committed offsets': committedOffsetsCases,
  transactions: transactionCases,
  topics: topicCases,
  configurations: configCases,
  'the cluster': clusterCases,
  'our clients': ourClientCases,
  kafkajs: kafkajsCases,
};

/** Runs every case on one broker, started for them. */
export function exerciseBroker(start: () => Promise<RunningBroker>): void {
  const broker = new ContractBroker(start);
  const timeOuts = new TimeOuts();
  before(() => broker.start());
  before(() => timeOuts.begin(broker.brokers));
  afterEach(() => broker.release());
  after(() => timeOuts.end());
  after(() => broker.stop());
  for (const [area, cases] of Object.entries(AREAS)) describe(area, () => cases(broker));
  describe('time-outs', () => timeOuts.cases());
}
