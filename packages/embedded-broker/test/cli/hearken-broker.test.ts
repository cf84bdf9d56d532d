import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { metadataApi } from '@hearken/protocol';
import { RawClient } from '../raw-client.js';

const PROGRAM = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** The program, and all that it says by the time it ends. */
function run(...args: string[]): {
  child: ChildProcess;
  ended: Promise<{ code: number | null; out: string; err: string }>;
} {
  const child = spawn(process.execPath, [PROGRAM, ...args]);
  const [out, err] = [textOf(child.stdout), textOf(child.stderr)];
  const ended = once(child, 'close').then(async ([code]) => ({
    code: code as number | null,
    out: await out,
    err: await err,
  }));
  return { child, ended };
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

/** The addresses that it prints once it listens. */
async function bootstrapOf(child: ChildProcess): Promise<string[]> {
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string];
  assert.match(line, /^bootstrap\.servers=127\.0\.0\.1:\d+/);
  return line.slice('bootstrap.servers='.length).split(',');
}

describe('hearken-broker', function () {
  this.timeout(120_000); // processes of their own

  it('runs brokers with topics, as it is told, until it is interrupted', async () => {
    const { child, ended } = run('--port=0', '--topics', 'orders:3,bills', '--brokers', '2', '--partitions', '4');
    const brokers = await bootstrapOf(child);
    assert.equal(brokers.length, 2);
    using client = await RawClient.connect(brokers[1]!);
    const { topics } = await client.send(metadataApi, 8, {
      topics: null,
      allowAutoTopicCreation: false,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    });
    const partitions = new Map(topics.map(({ name, partitions }) => [name, partitions.length]));
    assert.deepEqual(
      partitions,
      new Map([
        ['orders', 3],
        ['bills', 4],
      ]),
    );
    child.kill('SIGINT');
    const { code, out, err } = await ended;
    assert.deepEqual([code, out.split('\n').slice(1), err], [0, ['stopped', ''], '']);
    await client.closed;
  });

  it('ends cleanly when it is told to terminate', async () => {
    const { child, ended } = run('--port=0');
    await bootstrapOf(child);
    child.kill('SIGTERM');
    assert.equal((await ended).code, 0);
  });

  it('says that a port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { code, out, err } = await run('--port', String(port)).ended;
    server.close();
    assert.deepEqual([code, out], [1, '']);
    assert.equal(
      err,
      `hearken-broker: port ${port} is in use; another one can be given by --port, 0 takes any that is free\n`,
    );
  });

  it('tells what is wrong with its options, and shows where help is', async () => {
    const { code, out, err } = await run('--prot', '1').ended;
    assert.deepEqual([code, out], [2, '']);
    assert.equal(
      err,
      'hearken-broker: --prot is no option; did you mean --port?\nhearken-broker: --help shows what there is\n',
    );
  });

  it('shows help and version', async () => {
    const [help, version] = await Promise.all([run('--help').ended, run('--version').ended]);
    assert.match(help.out, /^Usage: hearken-broker/);
    assert.match(version.out, /^\d+\.\d+\.\d+\n$/);
    assert.deepEqual([help.code, version.code], [0, 0]);
  });
});
