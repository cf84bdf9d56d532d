import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageReadmes, read, snippetsOf } from '../docs/documents.js';
import { bootstrapServers, describeWithKafka } from '../support/kafka.js';
import { packAll, Project, type Written } from './project.js';

const COMPILER = ['node_modules/@typescript/native/bin/tsc', '--module', 'nodenext', '--target', 'es2022', '--strict'];

describeWithKafka('an installation from the packed tarballs', function () {
  this.timeout(300_000); // it runs npm

  let folder: string;
  let tarballs: string[];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hearken-packed-'));
    tarballs = await packAll(folder);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('runs the quick start in an ES module', async () => {
    await using project = await Project.create({ type: 'module' });
    await project.install(tarballs);
    await project.write('main.js', withoutTypes(quickStart()));
    assertRan(await project.interrupt('main.js', SENT, LISTENED));
  });

  it('runs the quick start in a CommonJS module', async () => {
    await using project = await Project.create({ type: 'commonjs' });
    await project.install(tarballs);
    await project.write('main.js', asCommonJs(withoutTypes(quickStart())));
    assertRan(await project.interrupt('main.js', SENT, LISTENED));
  });

  it('type-checks in TypeScript under nodenext: the quick start and what the packages’ READMEs show', async () => {
    await using project = await Project.create({});
    await project.install(tarballs);
    await project.link('@typescript/native');
    await project.link('@types/node');
    await project.write('main.mts', quickStart());
    await project.write(
      'main.cts',
      "import { KafkaTemplate } from 'hearken';\nexport type Template = KafkaTemplate;\n",
    );
    const shown = packageReadmes().flatMap(snippetsOf);
    await Promise.all(shown.map((snippet, i) => project.write(`shown-${i}.mts`, snippet)));
    const files = ['main.mts', 'main.cts', ...shown.map((_, i) => `shown-${i}.mts`)];
    for (const skipLibCheck of ['true', 'false']) {
      await project.node(...COMPILER, '--types', 'node', '--skipLibCheck', skipLibCheck, ...files);
    }
    assertRan(await project.interrupt('main.mjs', SENT, LISTENED));
  });
});

/** The README's first program, on the Kafka of this run. */
function quickStart(): string {
  const [program = ''] = snippetsOf(read('README.md'));
  const written = "['127.0.0.1:9092']";
  assert.ok(program.includes(written), 'the quick start has no brokers to replace');
  return program.replace(written, JSON.stringify(bootstrapServers()));
}

/** The program as someone without TypeScript would have written it. */
const withoutTypes = (program: string): string =>
  program.replace(/^interface .*?^\}\n/ms, '').replaceAll(/(\w+)<\w+>\(/g, '$1(');

const asCommonJs = (program: string): string =>
  `${program.replace(/^import (\{.*?\}) from ('hearken');$/ms, 'const $1 = require($2);\n(async () => {')}\n})();\n`;

const SENT = /^sent to partition \d+$/m;
/** What the listener writes: partition, offset, the order's total, the attempt. */
const LISTENED = /^\d+ \d+ 12 1$/m;

/** Both lines were there, or the program would not have ended. */
const assertRan = ({ stderr }: Written): void => assert.equal(stderr, '');
