import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafka } from '@hearken/tools-kafka';
import { KafkaAdmin } from 'hearken';
import { describeWithKafka } from '../support/kafka.js';
import { until } from '../support/until.js';

const STARTS_AND_IS_KILLED = `
  const { startKafka } = await import('${import.meta.resolve('@hearken/tools-kafka')}');
  await startKafka({ quickStart: true });
  process.kill(process.pid, 'SIGKILL');
`;

describeWithKafka('startKafka', function () {
  this.timeout(300_000); // JVMs, on however busy a machine

  it('ends with its parent, data and all, also when that is killed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hearken-parent-'));
    const parent = spawn(process.execPath, ['--input-type=module', '--eval', STARTS_AND_IS_KILLED], {
      env: { ...process.env, TMPDIR: folder },
      stdio: 'inherit',
    });
    assert.deepEqual(await once(parent, 'exit'), [null, 'SIGKILL']);
    await until('the data is gone', async () => (await readdir(folder)).length === 0);
    await rmdir(folder);
  });

  it('runs several nodes, of which one may fail and come back', async () => {
    await using kafka = await startKafka({ nodes: 3, quickStart: true });
    await using admin = new KafkaAdmin({ brokers: kafka.brokers });
    await admin.createTopics([{ topic: 't', partitions: 3, replicationFactor: 3 }]);
    const [, second] = kafka.nodes;
    const inSync = async (): Promise<number> => {
      const [topic] = await admin.describeTopics(['t']);
      return Math.min(...(topic?.partitions ?? []).map(({ inSyncReplicas }) => inSyncReplicas.length));
    };
    await second!.kill();
    assert.equal(kafka.pids.length, 2);
    await until('two replicas are in sync', async () => (await inSync()) === 2);
    await second!.start();
    await until('all three are again', async () => (await inSync()) === 3);
  });

  it('tells why it did not start, by the end of its log', async () => {
    await assert.rejects(startKafka({ config: { 'log.retention.ms': 'soon' }, quickStart: true }), {
      code: 'KAFKA_START_FAILED',
      message: /exit code 1[^]*Invalid value soon for configuration log\.retention\.ms/,
    });
  });
});
