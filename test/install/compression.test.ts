import assert from 'node:assert/strict';
import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as zlib from 'node:zlib';
import { DefaultKafkaProducerFactory, KafkaTemplate } from 'hearken';
import { ROOT } from '../docs/documents.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { packAll, Project } from './project.js';

/** Writes two records, compressed, reads them with a consumer, and prints their values; or prints what is wrong. */
const PROGRAM = `
const { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory } = require('hearken');
const [, , brokers, topic, compression] = process.argv;
const kafka = { brokers: [brokers] };
(async () => {
  let factory;
  try {
    factory = new DefaultKafkaProducerFactory(kafka, { compression });
    const producer = factory.createProducer();
    for (const size of [10, 100000]) await producer.send({ topic, value: Buffer.alloc(size, 'ab') });
  } catch (error) {
    console.log('producer', error.code, error.message);
  }
  await factory?.close();
  const consumer = new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'earliest' }).createConsumer();
  try {
    await consumer.assign([{ topic, partition: 0 }]);
    for (let left = 2; left > 0; ) {
      for (const { value } of await consumer.poll(10000)) {
        console.log('consumer', value.length, value.equals(Buffer.alloc(value.length, 'ab')));
        left--;
      }
    }
  } catch (error) {
    console.log('consumer', error.code, error.message);
  }
  await consumer.close();
})();
`;
const ROUND_TRIP = 'consumer 10 true\nconsumer 100000 true\n';

describeWithKafka('compression in an installation from the packed tarballs', function () {
  this.timeout(300_000); // it runs npm, which may run a compiler

  let folder: string;
  let project: Project;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hearken-packed-'));
    project = await Project.create({ type: 'commonjs' });
    await project.install(await packAll(folder));
    await project.write('main.js', PROGRAM);
  });
  after(async () => {
    await project[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const run = async (compression: string, topic = uniqueName('installed')): Promise<string> =>
    (await project.node('main.js', bootstrapServers()[0]!, topic, compression)).stdout;

  it('names the package that is missing, to who writes and to who reads', async () => {
    const topic = uniqueName('installed');
    await using factory = new DefaultKafkaProducerFactory({ brokers: bootstrapServers() }, { compression: 'snappy' });
    await using template = new KafkaTemplate(factory);
    await template.send(topic, 'in Snappy');
    const output = await run('snappy', topic);
    const needs = "snappy compression needs the package 'snappy', which is not installed: npm i snappy";
    const [, problem = '', ending = ''] = output.split('\n');
    assert.equal(problem, `  options.compression: cannot be 'snappy': ${needs}`);
    assert.ok(
      ending.startsWith(`consumer UNSUPPORTED_COMPRESSION ${topic}-0 cannot be read at offset 0 (${needs})`),
      ending,
    );
  });

  it('works once the packages are installed', async () => {
    await project.install(await Promise.all(['snappy', 'lz4-napi'].map(asInstalledHere)));
    for (const compression of ['snappy', 'lz4']) assert.equal(await run(compression), ROUND_TRIP, compression);
  });

  it('has zstd, of Node.js or of zstd-napi', async function () {
    if (!('zstdCompress' in zlib)) {
      if (process.env.HEARKEN_REQUIRE_KAFKA !== '1') {
        console.error(
          '\n    zstd is NOT tried: zstd-napi, which compiles for a minute, is installed with HEARKEN_REQUIRE_KAFKA=1 only\n',
        );
        this.skip();
      }
      await project.install([await asInstalledHere('zstd-napi')]);
    }
    assert.equal(await run('zstd'), ROUND_TRIP);
  });
});

/** With its version, so that npm has it in its cache. */
async function asInstalledHere(name: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return `${name}@${manifest.version}`;
}
