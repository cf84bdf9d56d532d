import assert from 'node:assert/strict';
import { TcpProxy, type FrameMatch, type ProxyFault, type ProxyFrame } from '@hearken/testing';
import { DefaultKafkaConsumerFactory, silentLogger, type Consumer, type KafkaAdmin, type KafkaOptions } from 'hearken';
import { GroupWitness } from '../support/group-witness.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';
import { NumberedLoad } from '../support/numbered-load.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

const PARTITIONS = 4;
const MIB = 1024 * 1024;
const FETCHED: FrameMatch = { api: 'Fetch', direction: 'response' };
/** Well below the defaults: what hangs is told by this time, not by the test's. */
const TIMEOUTS = { requestTimeoutMs: 1_500, sessionTimeoutMs: 6_000, heartbeatIntervalMs: 300 };

describeWithKafka('a consumer on a bad network', () => {
  let admin: KafkaAdmin;
  let proxy: TcpProxy;
  let topic: string;
  let kafka: KafkaOptions;
  openClients((clients) => ({ admin } = clients));
  beforeEach(async () => {
    topic = uniqueName('network');
    await admin.createTopics([{ topic, partitions: PARTITIONS }]);
    proxy = await TcpProxy.start();
    kafka = { brokers: bootstrapServers(), socketFactory: proxy.socketFactory, logger: silentLogger };
  });
  afterEach(() => proxy.stop());

  describe('that reads by itself: each record once, in order, when', () => {
    const large = ({ bytes }: ProxyFrame): boolean => bytes.length > MIB;
    const faults: Readonly<Record<string, () => ProxyFault>> = {
      'answers above 1 MiB are cut after 400 bytes, three times': () => {
        let cuts = 0;
        return proxy.cut({ ...FETCHED, where: (frame) => large(frame) && ++cuts <= 3 }, { afterBytes: 400 });
      },
      'a large answer is cut after its first MiB': () =>
        proxy.cut({ ...FETCHED, where: large, nth: 1 }, { afterBytes: MIB }),
      'a large answer never comes': () => proxy.swallow({ ...FETCHED, where: large, nth: 1 }),
      'a large answer comes twice': () => proxy.duplicate({ ...FETCHED, where: large, nth: 1 }),
      'a fetch never arrives': () => proxy.swallow({ api: 'Fetch', direction: 'request', nth: 3 }),
      'a fetch arrives twice': () => proxy.duplicate({ api: 'Fetch', direction: 'request', nth: 2 }),
      'a fetch is cut in the middle': () =>
        proxy.cut({ api: 'Fetch', direction: 'request', nth: 2 }, { afterBytes: 30 }),
      'the starting offsets are never told': () => proxy.swallow({ api: 'ListOffsets', direction: 'response', nth: 1 }),
    };
    for (const [what, set] of Object.entries(faults)) {
      it(what, async () => {
        const count = 2_000;
        await fill(count);
        const consumer = new DefaultKafkaConsumerFactory(kafka, {
          ...TIMEOUTS,
          autoOffsetReset: 'earliest',
        }).createConsumer();
        const fault = set();
        await consumer.assign(Array.from({ length: PARTITIONS }, (_, partition) => ({ topic, partition })));
        const logs = await readAll(consumer, count * PARTITIONS);
        await consumer.close();
        assert.ok(fault.hits > 0, 'the fault never struck');
        for (const log of logs) assert.deepEqual(log, [...Array(count).keys()]);
      });
    }
  });

  describe('in a container, under load: nothing is lost and the order is kept, when', () => {
    const faults: Readonly<Record<string, (witness: GroupWitness) => Promise<void>>> = {
      'the connection it fetches by is half-open': async () => {
        const { connection } = await proxy.awaitFrame({ api: 'Fetch' });
        await proxy.swallow({ connection }).struck;
      },
      'the connection to its coordinator is half-open': async () => {
        const { connection } = await proxy.awaitFrame({ api: 'Heartbeat' });
        await proxy.swallow({ connection }).struck;
        const onAnother = (frame: ProxyFrame): boolean => frame.connection !== connection;
        await proxy.awaitFrame({ api: 'Heartbeat', direction: 'response', where: onAnother });
      },
      'commits are written and their answers lost': async () => {
        await proxy.swallow({ api: 'OffsetCommit', direction: 'response', nth: 2 }).struck;
        await proxy.awaitFrame({ api: 'OffsetCommit', direction: 'response' });
      },
      'every tenth answer is lost with its connection': async () => {
        let answers = 0;
        const isLost = ({ bytes }: ProxyFrame): boolean => bytes.length > 0 && ++answers % 10 === 0;
        using losses = proxy.cut({ direction: 'response', where: isLost });
        await until('ten answers are lost', () => losses.hits >= 10);
      },
      'its broker answers nothing for longer than its session': async (witness) => {
        const silence = proxy.swallow({ direction: 'response' });
        const peer = await KafkajsPeer.connect(bootstrapServers());
        await until('the group has no member', async () => (await peer.group(witness.groupId)).members.length === 0);
        await peer.close();
        silence.end();
      },
    };
    for (const [what, happens] of Object.entries(faults)) {
      it(what, async () => {
        await using witness = new GroupWitness(kafka, { ...TIMEOUTS, topic, members: 1 });
        await witness.start();
        await using load = new NumberedLoad({ brokers: bootstrapServers() }, { topic, partitions: PARTITIONS });
        await witness.hears(load);
        await happens(witness);
        await witness.hears(load);
        await load.verify();
        await witness.verify(load);
      });
    }
  });

  /** Records of 2 KiB in every partition, numbered from 0. */
  async function fill(count: number): Promise<void> {
    const peer = await KafkajsPeer.connect(bootstrapServers());
    for (let partition = 0; partition < PARTITIONS; partition++) {
      for (let first = 0; first < count; first += 400) {
        const values = Array.from({ length: 400 }, (_, i) => ({ value: String(first + i).padEnd(2_048) }));
        await peer.produce(topic, partition, values);
      }
    }
    await peer.close();
  }
});

async function readAll(consumer: Consumer, count: number): Promise<number[][]> {
  const logs = Array.from({ length: PARTITIONS }, (): number[] => []);
  for (let read = 0; read < count;) {
    for (const { partition, value } of await consumer.poll(60_000)) {
      logs[partition]!.push(Number.parseInt(value!.toString('latin1'), 10));
      read++;
    }
  }
  return logs;
}
