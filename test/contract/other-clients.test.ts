import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { runKafkaTool } from '@hearken/tools-kafka';
import { DefaultKafkaProducerFactory, silentLogger } from 'hearken';
import { GroupReader } from '../support/group-reader.js';
import { describeWhere, runs } from '../support/installed.js';
import { JavaGroup, type JavaMember } from '../support/java-group.js';
import { uniqueName } from '../support/kafka.js';
import { runProgram } from '../support/run-program.js';
import { until } from '../support/until.js';
import { batchesIn } from '../support/batches-in.js';

const EVERYDAY = fileURLToPath(new URL('../../support/python/everyday.py', import.meta.url));
/** Debian's package is for Debian's Python, which need not be the first on the path. */
const PYTHON = ['python3', '/usr/bin/python3'].find((python) => runs(python, ['-c', 'import confluent_kafka']));
const TOOLS = 'org.apache.kafka.tools';

/** What other people's clients do, which were written for Kafka and not for us. They meet each other's records too. */
describe('the embedded broker and other clients', function () {
  this.timeout(300_000); // JVMs, on a machine that does other things too
  let kafka: EmbeddedKafka;
  let brokers: string;
  before(async () => {
    kafka = await EmbeddedKafka.start({ logger: silentLogger });
    brokers = kafka.brokers.join();
  });
  after(() => kafka.stop());

  async function topic(partitions: number): Promise<string> {
    const name = uniqueName('topic');
    await kafka.addTopics({ topic: name, partitions });
    return name;
  }

  const valuesIn = async (name: string): Promise<string[]> =>
    (await kafka.records(name)).map(({ value }) => String(value)).sort();

  describeWhere(runs('kcat', ['-V']), 'kcat', () => {
    const kcat = (args: readonly string[], input?: string): Promise<string> =>
      runProgram('kcat', ['-b', brokers, ...args], input);

    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      it(`produces and consumes: ${codec}`, async () => {
        const name = await topic(1);
        const values = Array.from({ length: 200 }, (_, i) => `a value, much like all the others: ${i}`);
        const lines = values.map((value) => `key:${value}\n`).join('');
        await kcat(['-P', '-t', name, '-K', ':', '-H', 'a=b', '-z', codec, '-X', 'linger.ms=200'], lines);
        const kept = (await batchesIn(kafka.brokers[0]!, name)).map(({ compression }) => compression);
        assert.ok(kept.includes(codec), kept.join()); // small batches, which compression makes larger, are sent plain
        const read = await kcat(['-C', '-q', '-t', name, '-e', '-f', '%o %k %s %h\n']);
        assert.deepEqual(
          read.trimEnd().split('\n'),
          values.map((value, i) => `${i} key ${value} a=b`),
        );
      });
    }

    it('consumes in a group, and the next goes on where it ended', async () => {
      const [name, groupId] = [await topic(2), uniqueName('group')];
      const member = [
        '-q',
        '-G',
        groupId,
        '-X',
        'auto.offset.reset=earliest',
        '-X',
        'partition.assignment.strategy=range',
      ];
      await kcat(['-P', '-t', name, '-p', '1'], 'a\nb\n');
      assert.equal(await kcat([...member, '-c', '2', name]), 'a\nb\n');
      await kcat(['-P', '-t', name, '-p', '1'], 'c\n');
      assert.equal(await kcat([...member, '-c', '1', name]), 'c\n');
    });

    it('tells of brokers and topics', async () => {
      const name = await topic(3);
      const told = JSON.parse(await kcat(['-L', '-J', '-t', name])) as {
        readonly brokers: readonly { readonly name: string }[];
        readonly topics: readonly { readonly topic: string; readonly partitions: readonly unknown[] }[];
      };
      assert.deepEqual(
        told.brokers.map((broker) => broker.name),
        kafka.brokers,
      );
      assert.deepEqual(
        told.topics.map((each) => [each.topic, each.partitions.length]),
        [[name, 3]],
      );
    });

    it('looks for offsets by time', async () => {
      const name = await topic(1);
      await kcat(['-P', '-t', name], 'a\n');
      assert.match(await kcat(['-Q', '-t', `${name}:0:1`]), / \[0\] offset 0/);
    });

    it('produces in a transaction', async () => {
      const name = await topic(1);
      await kcat(['-P', '-t', name, '-X', `transactional.id=${name}`], 'a\nb\n');
      assert.equal(await kcat(['-C', '-q', '-t', name, '-e', '-X', 'isolation.level=read_committed']), 'a\nb\n');
      assert.ok((await batchesIn(kafka.brokers[0]!, name)).every(({ isTransactional }) => isTransactional));
    });
  });

  describeWhere(PYTHON !== undefined, 'confluent-kafka for Python', () => {
    it('makes and describes a topic, produces, consumes in a group, commits, and transacts', async () => {
      const [name, groupId] = [uniqueName('python'), uniqueName('group')];
      const told = JSON.parse(await runProgram(PYTHON ?? 'python3', [EVERYDAY, brokers, name, groupId])) as unknown;
      const sent = Array.from({ length: 100 }, (_, i) => [`value ${i}`, `${i}`]).sort();
      assert.deepEqual(told, {
        topic: { partitions: [0, 1], retention: '600000' },
        produced: { delivered: 100, errors: [] },
        consumed: {
          read: sent,
          ...{
            committed: [50, 50],
            marks: [
              [0, 50],
              [0, 50],
            ],
            timed: 0,
          },
          transactions: { read: 'committed', committed: [50, 11] },
        },
      });
    });
  });

  describeWhere(runs('java', ['-version']) && runs('mvn', ['-version']), "Java's console tools", () => {
    const at = (): string[] => ['--bootstrap-server', brokers];

    it('produce, consume in a group, and describe what is left', async () => {
      const [name, groupId] = [await topic(3), uniqueName('group')];
      await runKafkaTool(`${TOOLS}.ConsoleProducer`, [...at(), '--topic', name], 'a\nb\nc\n');
      assert.deepEqual(await valuesIn(name), ['a', 'b', 'c']);
      const fromBeginning = ['--from-beginning', '--max-messages', '3'];
      const member = [...at(), '--topic', name, '--group', groupId];
      const read = await runKafkaTool(`${TOOLS}.consumer.ConsoleConsumer`, [...member, ...fromBeginning]);
      assert.deepEqual(
        read
          .split('\n')
          .filter((line) => /^[abc]$/.test(line))
          .sort(),
        ['a', 'b', 'c'],
      );
      const described = await runKafkaTool(`${TOOLS}.consumer.group.ConsumerGroupCommand`, [
        ...[...at(), '--describe', '--group', groupId],
      ]);
      const lag = described
        .split('\n')
        .map((line) => line.split(/\s+/))
        .filter(([group]) => group === groupId)
        .map(([, of, , current, end, behind]) => [of, current === end, behind]);
      assert.deepEqual(lag, [
        [name, true, '0'],
        [name, true, '0'],
        [name, true, '0'],
      ]);
    });

    it('describe a topic', async () => {
      const name = await topic(3);
      const described = await runKafkaTool(`${TOOLS}.TopicCommand`, [...at(), '--describe', '--topic', name]);
      assert.match(described, /PartitionCount: 3\s+ReplicationFactor: 1/);
      assert.equal(described.match(/Leader: 1\s+Replicas: 1\s+Isr: 1/g)?.length, 3);
    });

    it('alter and describe configurations', async () => {
      const entity = ['--entity-type', 'topics', '--entity-name', await topic(1)];
      await runKafkaTool('kafka.admin.ConfigCommand', [
        ...at(),
        '--alter',
        ...entity,
        '--add-config',
        'retention.ms=1234',
      ]);
      const described = await runKafkaTool('kafka.admin.ConfigCommand', [...at(), '--describe', ...entity]);
      assert.match(described, /retention\.ms=1234 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention\.ms=1234/);
    });

    for (const assignor of ['RangeAssignor', 'CooperativeStickyAssignor'] as const) {
      it(`and Java's consumers share with ours: ${assignor}`, async () => {
        const [name, groupId] = [await topic(6), uniqueName('group')];
        await using java = await JavaGroup.start(kafka.brokers);
        const theirs = java.join(groupId, assignor, [name]);
        await until('it has all', () => theirs.owned.length === 6);
        const partitionAssignors = [assignor === 'RangeAssignor' ? 'range' : 'cooperative-sticky'] as const;
        const ours = new GroupReader({ groupId, partitionAssignors }, kafka.brokers);
        await ours.read([name]);
        await ours.owns(3);
        await until('it has half', () => theirs.owned.length === 3);
        await reads(theirs, ours, name);
        await ours.close();
        await until('it has all again', () => theirs.owned.length === 6);
        assert.deepEqual([theirs.failure, theirs.lost], [undefined, []]);
      });
    }

    /** What is sent now arrives, once. */
    async function reads(theirs: JavaMember, ours: GroupReader, name: string): Promise<void> {
      await using factory = new DefaultKafkaProducerFactory({ brokers: kafka.brokers });
      const producer = factory.createProducer();
      const value = Buffer.from('value');
      await Promise.all(Array.from({ length: 60 }, (_, i) => producer.send({ topic: name, partition: i % 6, value })));
      await until('all is read', () => theirs.read.count + ours.records.count >= 60);
      assert.deepEqual([theirs.read.count, ours.records.count], [30, 30]);
    }
  });
});
