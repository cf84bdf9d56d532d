import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { apiVersionsApi, errorCodes, heartbeatApi, joinGroupApi, metadataApi, syncGroupApi } from '@hearken/protocol';
import { ManualClock } from '@hearken/testing';
import { resolveOptions } from '../../dist/options.js';
import { EmbeddedKafka, type EmbeddedKafkaOptions } from '../../dist/index.js';
import { WorkerHost } from '../../dist/worker/worker-host.js';
import { RawClient } from '../raw-client.js';
import type { Watch } from './watch-group.js';

const VERSIONS = { clientSoftwareName: 'raw', clientSoftwareVersion: '1' };

async function withBroker(
  test: (kafka: EmbeddedKafka) => Promise<void>,
  options: EmbeddedKafkaOptions = {},
): Promise<void> {
  const kafka = await EmbeddedKafka.start({ ...options, mode: 'worker' });
  try {
    await test(kafka);
  } finally {
    await kafka.stop();
  }
}

/** A thread of ours in the place of the broker's, so that it can misbehave. */
const fakeWorker = (onCall: string): Worker => {
  const code = `const { parentPort } = require('node:worker_threads');
    parentPort.on('message', ({ id, command }) => { const answer = (value) => parentPort.postMessage({ kind: 'result', id, value }); ${onCall} });`;
  return new Worker(code, { eval: true });
};

/** A member of `group` that is alone there, and its session of so long. */
async function join(client: RawClient, groupId: string, sessionTimeoutMs: number): Promise<string> {
  const { memberId, generationId } = await client.send(joinGroupApi, 3, {
    groupId,
    sessionTimeoutMs,
    rebalanceTimeoutMs: 1_000,
    memberId: '',
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    reason: null,
  });
  await client.send(syncGroupApi, 3, {
    groupId,
    generationId,
    memberId,
    groupInstanceId: null,
    protocolType: null,
    protocolName: null,
    assignments: [],
  });
  return memberId;
}

describe('WorkerHost', function () {
  this.timeout(120_000); // each starts a thread
  it('evicts a member whose thread is blocked for longer than its session', () =>
    withBroker(
      async (kafka) => {
        const empty = new Int32Array(new SharedArrayBuffer(4));
        const watch: Watch = { broker: kafka.brokers[0]!, groupId: 'g', empty };
        const watcher = new Worker(new URL('./watch-group.js', import.meta.url), { workerData: watch });
        const watched = once(watcher, 'exit');
        await once(watcher, 'message');
        using client = await RawClient.connect(kafka.brokers[0]!);
        const memberId = await join(client, 'g', 300);
        watcher.postMessage('watch');
        // From here on this thread does nothing, heartbeats included, until the member is gone.
        assert.notEqual(Atomics.wait(empty, 0, 0, 15_000), 'timed-out');
        const heartbeat = { groupId: 'g', generationId: 1, memberId, groupInstanceId: null };
        const { errorCode } = await client.send(heartbeatApi, 3, heartbeat);
        assert.equal(errorCode, errorCodes.UNKNOWN_MEMBER_ID);
        await watched;
      },
      { config: { 'group.min.session.timeout.ms': 100 } },
    ));

  it('has rules, and tells of requests and of what became of them', () =>
    withBroker(
      async (kafka) => {
        using client = await RawClient.connect(kafka.brokers[0]!);
        const rule = await kafka.faults.on({ api: 'Metadata', nth: 1 }).dropResponse();
        const [hit, awaited] = [rule.nextHit(), kafka.awaitRequest({ api: 'ApiVersions', client: 'raw' })];
        const metadata = {
          topics: null,
          allowAutoTopicCreation: false,
          includeClusterAuthorizedOperations: false,
          includeTopicAuthorizedOperations: false,
        };
        void client.send(metadataApi, 8, metadata);
        await client.send(apiVersionsApi, 3, VERSIONS);
        const { topics } = await client.send(metadataApi, 8, metadata);
        assert.deepEqual(
          topics.map(({ name }) => name),
          ['orders'],
        );
        assert.deepEqual([(await hit).seq, (await awaited).seq, rule.hits], [1, 2, 1]);
        await kafka.groups(); // an answer comes behind all that was told before it
        assert.deepEqual(
          kafka.requests.map(({ api, fault, state }) => [api, fault, state]),
          [
            ['Metadata', 'drop-response', 'unanswered'],
            ['ApiVersions', null, 'answered'],
            ['Metadata', null, 'answered'],
          ],
        );
      },
      { topics: ['orders'] },
    ));

  it('takes commands: brokers go down and come up, topics are made, all is reset', () =>
    withBroker(
      async (kafka) => {
        const [first, second] = kafka.brokers as [string, string];
        await kafka.faults.broker(2).down();
        await assert.rejects(RawClient.connect(second), { code: 'ECONNREFUSED' });
        await kafka.faults.broker(2).up();
        using client = await RawClient.connect(second);
        await client.send(apiVersionsApi, 3, VERSIONS); // now it is the broker's, too, and not only in the system's queue
        await kafka.addTopics('bills:2');
        assert.deepEqual(await kafka.records('bills'), []);
        await kafka.reset();
        await client.closed;
        await assert.rejects(kafka.records('bills'), { code: 'UNKNOWN_TOPIC' });
        assert.deepEqual(kafka.brokers, [first, second]);
      },
      { brokers: 2 },
    ));

  it('refuses as the inline host does: class, code, message and cause', () =>
    withBroker(async (kafka) => {
      const inline = await EmbeddedKafka.start();
      const refusals = async (one: EmbeddedKafka): Promise<unknown[]> => {
        await one.addTopics('twice');
        const failed = await Promise.allSettled([
          one.addTopics('twice'),
          one.records('nothing'),
          one.faults.partition('twice', 7).truncate(0),
          one.faults.broker(9).down(),
        ]);
        return failed.map((result) => {
          const { constructor, name, code, message, cause } = (result as PromiseRejectedResult).reason as Error & {
            code: string;
          };
          return [constructor.name, name, code, message, (cause as Error | undefined)?.message];
        });
      };
      const expected = await refusals(inline);
      await inline.stop();
      assert.deepEqual(await refusals(kafka), expected);
      assert.equal((expected as string[][])[0]?.[2], 'REFUSED');
    }));

  it('takes no function and no clock', () =>
    withBroker(async (kafka) => {
      await assert.rejects(
        kafka.faults.on({ api: 'Fetch' }).respond(() => undefined),
        { code: 'UNSUPPORTED_IN_WORKER' },
      );
      await assert.rejects(EmbeddedKafka.start({ mode: 'worker', clock: new ManualClock() }), {
        code: 'INVALID_CONFIG',
      });
    }));

  it('does not start where the inline host would not', async () => {
    const taken = await EmbeddedKafka.start();
    const port = Number(taken.brokers[0]?.split(':')[1]);
    await assert.rejects(EmbeddedKafka.start({ mode: 'worker', port }), { code: 'PORT_IN_USE' });
    await taken.stop();
  });

  it('a worker that ends fails what is pending and what follows; stop is fine', async () => {
    const worker = fakeWorker(`if (command === 'start') answer([]); else throw new Error('out of order');`);
    const host = await WorkerHost.start(resolveOptions({ mode: 'worker' }), { worker });
    const ended = new Promise((resolve) => host.onEvent(resolve));
    const pending = host.groups();
    await assert.rejects(pending, ({ code, cause }: Error & { code: string }) => {
      assert.equal(code, 'WORKER_FAILED');
      assert.match((cause as Error).message, /out of order/);
      return true;
    });
    assert.equal(((await ended) as { kind: string }).kind, 'ended');
    await assert.rejects(host.reset(), { code: 'WORKER_FAILED' });
    await host.stop();
    await assert.rejects(host.reset(), { code: 'STOPPED' });
  });

  it('a worker that does not start is a failure too', async () => {
    const starting = WorkerHost.start(resolveOptions({ mode: 'worker' }), { worker: fakeWorker('process.exit(3);') });
    await assert.rejects(starting, ({ code, cause }: Error & { code: string }) => {
      assert.equal(code, 'WORKER_FAILED');
      assert.match((cause as Error).message, /exit code 3/);
      return true;
    });
  });

  it('stop ends a worker that does not answer, in time', async () => {
    const clock = new ManualClock();
    const worker = fakeWorker(`if (command === 'start') answer([]);`);
    const host = await WorkerHost.start(resolveOptions({ mode: 'worker' }), { worker, clock });
    const exited = once(worker, 'exit');
    const pending = host.groups();
    const stopped = [host.stop(), host.stop()];
    clock.advance(5_000);
    await assert.rejects(pending, { code: 'STOPPED' });
    await Promise.all([...stopped, exited]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('who waits for a request when the worker ends is told', async () => {
    const kafka = await EmbeddedKafka.start({ mode: 'worker' });
    const waiting = kafka.awaitRequest({ api: 'Fetch' });
    await kafka.stop();
    await assert.rejects(waiting, { code: 'STOPPED' });
    await assert.rejects(kafka.awaitRequest({ api: 'Fetch' }), { code: 'STOPPED' });
  });

  it('nothing of it keeps a process running once it is stopped', async () => {
    const code = `import { EmbeddedKafka } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url))};
      const kafka = await EmbeddedKafka.start({ mode: 'worker' });
      await kafka.stop();`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'inherit' });
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  }).timeout(120_000);
});
