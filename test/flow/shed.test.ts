import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deferred } from '@hearken/core/internal';
import { Recorder } from '@hearken/testing';
import { KafkaHeaders, type ConsumerRecord } from 'hearken';
import { describeWithKafka } from '../support/kafka.js';
import { PARTITIONS, placeOf, placesIn, ShedScene, sorted } from '../support/shed-scene.js';
import type { SheddingListenerSettings } from '../support/shedding-listener.js';
import { until } from '../support/until.js';

const SHEDDING_LISTENER = fileURLToPath(new URL('../support/shedding-listener.js', import.meta.url));

describeWithKafka('shed', function () {
  this.timeout(300_000);
  let scene: ShedScene;
  beforeEach(async () => {
    scene = new ShedScene();
    await scene.create();
  });
  afterEach(() => scene.close());

  it('skips a backlog under load; compensation replays it and nothing else, over a restart in the middle', async () => {
    const heard = new Recorder<ConsumerRecord>();
    const gate = deferred();
    const container = scene.listening(async (record) => {
      if (heard.count >= 100) await gate.promise; // a backlog grows
      heard.record(record);
    });
    await scene.send(1_000);
    await container.start();
    await heard.received(100);
    const ranges = await container.shed();
    gate.resolve();
    assert.deepEqual(
      ranges.map(({ to }) => to),
      [1_000, 1_000],
    );
    await scene.send(10);
    await scene.committed(1_010);
    assert.equal(container.metrics().lag, 0);
    const skipped = placesIn(ranges);
    const processed = heard.items.map(placeOf);
    assert.deepEqual(sorted([...processed, ...skipped]).length, 2_020, 'all is processed, or in a range');

    const first = scene.compensating({ rateLimit: { limitForPeriod: 500, burst: 100 } });
    await first.container.start();
    await first.heard.received(500);
    await first.container.stop();
    const second = scene.compensating();
    await second.container.start();
    await until(
      'all ranges are replayed',
      () => second.container.metrics().compensated + first.container.metrics().compensated === 2,
    );
    await second.container.stop();
    const replayed = [...first.heard.items, ...second.heard.items];
    assert.deepEqual(sorted(replayed.map(placeOf)), sorted(skipped));
    assert.ok(second.heard.count < skipped.length - 400, 'it goes on where the first was');
    assert.equal(
      replayed.every(({ headers }) => headers.has(KafkaHeaders.SHED_RANGE)),
      true,
    );
    assert.deepEqual(await scene.recorded(await scene.written()), []);
  });

  it('loses nothing when the process is killed, wherever it is', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shed-'));
    const children: ChildProcess[] = [];
    try {
      const logFile = join(folder, 'log');
      const { groupId, topic } = scene;
      const { brokers } = scene.kafka;
      const live = async (dies: SheddingListenerSettings['dies']): Promise<ChildProcess> => {
        await scene.send(100);
        const settings: SheddingListenerSettings = { brokers, topic, groupId, logFile, dies };
        const child = spawn(process.execPath, [SHEDDING_LISTENER, JSON.stringify(settings)], { stdio: 'inherit' });
        children.push(child);
        return child;
      };
      for (const dies of ['before the write', 'after the write', 'after the shed', 'after the commit'] as const)
        assert.deepEqual(await once(await live(dies), 'exit'), [null, 'SIGKILL'], dies);
      const last = await live('never');
      const exit = once(last, 'exit');
      await scene.committed(500);
      last.kill('SIGTERM');
      assert.deepEqual(await exit, [0, null]);
      const written = await scene.written();
      const ranges = await scene.recorded(written);
      const { container, heard } = scene.compensating();
      await container.start();
      await until('all ranges are replayed', () => container.metrics().compensated === ranges.length);
      await container.stop();
      const processed = readFileSync(logFile, 'utf8').trim().split('\n');
      const replayed = heard.items.map(placeOf);
      assert.deepEqual(sorted(replayed), sorted(placesIn(ranges)));
      assert.equal(sorted([...processed, ...replayed]).length, 5 * 100 * PARTITIONS);
    } finally {
      for (const child of children) child.kill('SIGKILL'); // one that did not die by itself keeps the test's process
      rmSync(folder, { recursive: true });
    }
  });

  it('is shared by instances: each range is one instance’s, and goes on at another', async () => {
    const { template, shedTopic, topic, admin, groupId } = scene;
    await scene.send(300);
    const slowly = { rateLimit: { limitForPeriod: 200, burst: 1 } };
    const instances = [scene.compensating(slowly), scene.compensating(slowly)];
    await Promise.all(instances.map(({ container }) => container.start()));
    await until('each has a part of the shed topic', async () => {
      const [group] = await admin.describeGroups([`${groupId}-compensation`]);
      return group?.members.length === 2 && group.members.every(({ assignment }) => assignment.length > 0);
    });
    const ranges = Array.from({ length: 30 }, (_, i) => ({ topic, partition: i % 2, from: i * 10, to: i * 10 + 10 }));
    for (const [i, range] of ranges.entries()) {
      const key = `${topic}/${range.partition}/${range.from}/${range.to}`;
      await template.send(shedTopic, JSON.stringify(range), { key, partition: i % 3 });
    }
    await instances[0]!.heard.received(1);
    await instances[1]!.heard.received(1);
    await instances[0]!.container.stop();
    await until(
      'all are replayed',
      () => instances.reduce((sum, { container }) => sum + container.metrics().compensated, 0) === 30,
    );
    const heard = instances.flatMap((instance) => instance.heard.items.map(placeOf));
    assert.deepEqual(sorted(heard), sorted(placesIn(ranges)));
    assert.ok(heard.length < 330, `${heard.length} replayed`);
  });
});
