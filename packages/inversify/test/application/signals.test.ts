import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { DefaultKafkaProducerFactory } from '@hearken/client-kafkajs';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { KafkaTemplate } from '@hearken/template';
import { Recorder } from '@hearken/testing';

const PROGRAM = fileURLToPath(new URL('signalled-program.js', import.meta.url));

describe('an application and its process', function () {
  this.timeout(60_000);
  let kafka: EmbeddedKafka;
  const children: ChildProcess[] = [];
  before(async () => (kafka = await EmbeddedKafka.start({ topics: ['orders:1'] })));
  afterEach(() => kafka.reset());
  after(() => kafka.stop());
  after(() => children.forEach((child) => child.kill('SIGKILL')));

  function run(behaviour: string, brokers = kafka.brokers[0] ?? '') {
    const child = spawn(process.execPath, [PROGRAM, brokers, behaviour], { stdio: ['ignore', 'pipe', 'ignore'] });
    children.push(child);
    const lines = new Recorder<string>();
    createInterface(child.stdout).on('line', (line) => lines.record(line));
    const ended = once(child, 'close').then(([code, signal]: unknown[]) => signal ?? code);
    return { child, lines, ended, said: (count: number) => Promise.race([lines.received(count), ended]) };
  }

  async function send(): Promise<void> {
    await using factory = new DefaultKafkaProducerFactory({ brokers: kafka.brokers });
    await new KafkaTemplate(factory).send('orders', 'one');
  }

  it('drains at SIGTERM, lets go of the beans, and ends with 0', async () => {
    const { child, lines, ended, said } = run('drains');
    await said(1);
    await send();
    await said(2);
    child.kill('SIGTERM');
    await said(3);
    child.kill('SIGUSR2');
    assert.equal(await ended, 0);
    assert.deepEqual(lines.items, ['started', 'begun', 'stopping', 'ended', 'database closed', 'finished']);
  });

  it('aborts at a second signal, and ends with its number', async () => {
    const { child, lines, ended, said } = run('hangs');
    await said(1);
    await send();
    await said(2);
    child.kill('SIGTERM');
    await said(3);
    child.kill('SIGINT');
    assert.equal(await ended, 130);
    assert.deepEqual(lines.items.slice(0, 3), ['started', 'begun', 'stopping']);
  });

  it('ends with 1 when a container fails', async () => {
    const { lines, ended, said } = run('fails');
    await said(1);
    await send();
    assert.equal(await ended, 1);
    assert.deepEqual(lines.items, ['started', 'database closed', 'failed']);
  });

  it('is not kept alive by what else runs', async () => {
    const { child, ended, said } = run('lingers');
    await said(1);
    child.kill('SIGINT');
    assert.equal(await ended, 0);
  });

  it('ends with 0 where its start is interrupted', async () => {
    const silent = createServer();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const { child, lines, ended, said } = run('starts', `127.0.0.1:${(silent.address() as AddressInfo).port}`);
    await said(1);
    child.kill('SIGTERM');
    assert.equal(await ended, 0);
    assert.deepEqual(lines.items, ['starting', 'stopping', 'database closed']);
    silent.close();
  });
});
