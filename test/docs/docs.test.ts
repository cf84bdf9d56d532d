import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { documents, examples, headingsOf, linksOf, read, regionsOf, ROOT, snippetsOf, sources } from './documents.js';

describe('documents', () => {
  it('cut every snippet from a program under examples/', () => {
    const known = new Set([quickStart(), ...examples().flatMap(regionsOf)]);
    for (const document of documents()) {
      for (const snippet of snippetsOf(document)) {
        assert.ok(known.has(snippet), `${document.path} has a snippet of its own:\n${snippet}`);
      }
    }
  });

  it('use every region that is marked for them', () => {
    const used = new Set(documents().flatMap(snippetsOf));
    for (const region of examples().flatMap(regionsOf)) {
      assert.ok(used.has(region), `no document shows:\n${region}`);
    }
  });

  it('show the quick start in the README', () => {
    assert.ok(snippetsOf(read('README.md')).includes(quickStart()));
  });

  it('link to files and headings that exist', () => {
    for (const document of documents()) {
      for (const { target, heading } of linksOf(document)) {
        assert.ok(existsSync(join(ROOT, target)), `${document.path} links to ${target}`);
        if (heading === undefined) continue;
        assert.ok(headingsOf(read(target)).includes(heading), `${document.path} links to ${target}#${heading}`);
      }
    }
  });

  it('map files that exist', () => {
    const paths = sources().map(({ path }) => path);
    for (const [, name = ''] of read('DESIGN.md').text.matchAll(/`([\w/-]+\.ts)`/g)) {
      assert.ok(
        paths.some((path) => path.endsWith(`/${name}`)),
        `DESIGN.md names ${name}`,
      );
    }
  });

  it('explain every error code', () => {
    const page = read('docs/errors.md').text;
    for (const code of errorCodes()) assert.ok(page.includes(`\`${code}\``), `docs/errors.md does not explain ${code}`);
  });

  for (const { page, source, type } of [
    {
      page: 'docs/send.md',
      source: 'packages/client-kafkajs/src/producer/producer-options.ts',
      type: 'ProducerOptions',
    },
    { page: 'docs/connecting.md', source: 'packages/client-kafkajs/src/kafka-options.ts', type: 'KafkaOptions' },
    { page: 'docs/send.md', source: 'packages/template/src/template-options.ts', type: 'KafkaTemplateOptions' },
    {
      page: 'docs/priority.md',
      source: 'packages/priority/src/template/priority-template-options.ts',
      type: 'PriorityKafkaTemplateOptions',
    },
    {
      page: 'docs/listen.md',
      source: 'packages/client-kafkajs/src/consumer/consumer-options.ts',
      type: 'ConsumerOptions',
    },
    {
      page: 'docs/listen.md',
      source: 'packages/listener/src/container-properties.ts',
      type: 'CommonContainerProperties',
    },
    { page: 'docs/listen.md', source: 'packages/listener/src/container-events.ts', type: 'ContainerEvents' },
    { page: 'docs/batches.md', source: 'packages/listener/src/batch-listener.ts', type: 'BatchProperties' },
    { page: 'docs/running.md', source: 'packages/listener/src/container-state.ts', type: 'StopOptions' },
    { page: 'docs/flow-control.md', source: 'packages/listener/src/container-metrics.ts', type: 'ContainerCounters' },
    { page: 'docs/flow-control.md', source: 'packages/listener/src/container-metrics.ts', type: 'ContainerMetrics' },
    {
      page: 'docs/flow-control.md',
      source: 'packages/listener/src/explain/container-explanation.ts',
      type: 'ContainerExplanation',
    },
    { page: 'docs/flow-control.md', source: 'packages/listener/src/explain/bounds.ts', type: 'ThroughputBounds' },
    {
      page: 'docs/hot-keys.md',
      source: 'packages/listener/src/parking/parking-properties.ts',
      type: 'ParkingProperties',
    },
    { page: 'docs/hot-keys.md', source: 'packages/listener/src/shed/shed-properties.ts', type: 'ShedProperties' },
    { page: 'docs/hot-keys.md', source: 'packages/listener/src/shed/shedding.ts', type: 'ShedOptions' },
    {
      page: 'docs/hot-keys.md',
      source: 'packages/listener/src/shed/compensation-events.ts',
      type: 'CompensationEvents',
    },
    {
      page: 'docs/hot-keys.md',
      source: 'packages/listener/src/shed/compensation-listener-container.ts',
      type: 'CompensationMetrics',
    },
    {
      page: 'docs/errors.md',
      source: 'packages/listener/src/failure/default-error-handler.ts',
      type: 'DefaultErrorHandlerOptions',
    },
    {
      page: 'docs/errors.md',
      source: 'packages/listener/src/failure/dead-letter-publishing-recoverer.ts',
      type: 'DeadLetterPublishingRecovererOptions',
    },
    {
      page: 'docs/request-reply.md',
      source: 'packages/listener/src/reply/replying-template-options.ts',
      type: 'RepliesOptions',
    },
    {
      page: 'docs/executors.md',
      source: 'packages/executor/src/adaptive/adaptive-options.ts',
      type: 'AdaptiveTaskExecutorOptions',
    },
    {
      page: 'docs/resilience.md',
      source: 'packages/executor/src/circuit-breaker/circuit-breaker-options.ts',
      type: 'CircuitBreakerTaskExecutorOptions',
    },
    {
      page: 'docs/resilience.md',
      source: 'packages/executor/src/rate-limit/rate-limited-task-executor.ts',
      type: 'RateLimitedTaskExecutorOptions',
    },
    {
      page: 'docs/worker-threads.md',
      source: 'packages/executor/src/worker/worker-thread-options.ts',
      type: 'WorkerThreadOptions',
    },
    { page: 'docs/priority.md', source: 'packages/priority/src/container/priority-events.ts', type: 'PriorityEvents' },
    {
      page: 'docs/priority.md',
      source: 'packages/priority/src/container/priority-metrics.ts',
      type: 'PriorityMetrics',
    },
    { page: 'docs/testing.md', source: 'packages/embedded-broker/src/options.ts', type: 'EmbeddedKafkaOptions' },
    { page: 'docs/beans.md', source: 'packages/inversify/src/config/module-config.ts', type: 'KafkaModuleConfig' },
  ]) {
    it(`name every member of ${type}`, () => {
      const { text } = read(page);
      for (const name of membersOf(read(source).text, type)) {
        assert.ok(text.includes(`\`${name}\``), `${page} does not name ${name}`);
      }
    });
  }
});

/** The README's quick start talks to the default port, the program to whatever Kafka the tests have. */
const quickStart = (): string =>
  read('examples/src/quick-start.ts')
    .text.trim()
    .replace("[process.env.HEARKEN_BROKERS ?? '127.0.0.1:9092']", "['127.0.0.1:9092']");

/** Every literal in the sources that is spelled as a code and is neither Kafka's nor Node's. */
function errorCodes(): string[] {
  const kafkas = read('packages/protocol/src/error-codes.ts').text;
  // Kafka's names of what may be allowed are spelled so too.
  const other = /^packages\/testing\/|\/authorized-operations\.ts$/;
  const shipped = sources().filter(({ path }) => !other.test(path));
  const literals = shipped.flatMap(({ text }) =>
    Array.from(text.matchAll(/'([A-Z]+(?:_[A-Z]+)+)'/g), ([, code = '']) => code),
  );
  const codes = literals.filter((code) => !kafkas.includes(code) && !code.startsWith('ERR_'));
  assert.ok(codes.length > 20, 'the sources spell their codes in another way than before');
  return [...new Set(codes)];
}

/** The members of an interface, as its declaration spells them. */
function membersOf(source: string, type: string): string[] {
  const [, body = ''] = new RegExp(`^export interface ${type}\\b.*?\\{\\n(.*?)^\\}`, 'ms').exec(source) ?? [];
  const names = Array.from(body.matchAll(/^ {2}(?:readonly )?'?([\w:]+)'?\??: /gm), ([, name = '']) => name);
  assert.ok(names.length > 0, `found no members of ${type}`);
  return names;
}
