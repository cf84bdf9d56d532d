import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { documents, examples, headingsOf, linksOf, read, regionsOf, ROOT, snippetsOf, sources } from './documents.js';

/** The page that has to name every member of an interface. */
const EXPLAINED: readonly (readonly [page: string, source: string, type: string])[] = [
  ['batches.md', 'listener/src/batch-listener.ts', 'BatchProperties'],
  ['beans.md', 'inversify/src/config/module-config.ts', 'KafkaModuleConfig'],
  ['connecting.md', 'client-kafkajs/src/kafka-options.ts', 'KafkaOptions'],
  ['errors.md', 'listener/src/failure/default-error-handler.ts', 'DefaultErrorHandlerOptions'],
  ['errors.md', 'listener/src/failure/dead-letter-publishing-recoverer.ts', 'DeadLetterPublishingRecovererOptions'],
  ['executors.md', 'executor/src/adaptive/adaptive-options.ts', 'AdaptiveTaskExecutorOptions'],
  ['flow-control.md', 'listener/src/container-metrics.ts', 'ContainerCounters'],
  ['flow-control.md', 'listener/src/container-metrics.ts', 'ContainerMetrics'],
  ['flow-control.md', 'listener/src/explain/container-explanation.ts', 'ContainerExplanation'],
  ['flow-control.md', 'listener/src/explain/bounds.ts', 'ThroughputBounds'],
  ['hot-keys.md', 'listener/src/parking/parking-properties.ts', 'ParkingProperties'],
  ['hot-keys.md', 'listener/src/shed/shed-properties.ts', 'ShedProperties'],
  ['hot-keys.md', 'listener/src/shed/shedding.ts', 'ShedOptions'],
  ['hot-keys.md', 'listener/src/shed/compensation-events.ts', 'CompensationEvents'],
  ['hot-keys.md', 'listener/src/shed/compensation-listener-container.ts', 'CompensationMetrics'],
  ['listen.md', 'client-kafkajs/src/consumer/consumer-options.ts', 'ConsumerOptions'],
  ['listen.md', 'listener/src/container-properties.ts', 'CommonContainerProperties'],
  ['listen.md', 'listener/src/container-events.ts', 'ContainerEvents'],
  ['priority.md', 'priority/src/template/priority-template-options.ts', 'PriorityKafkaTemplateOptions'],
  ['priority.md', 'priority/src/container/priority-events.ts', 'PriorityEvents'],
  ['priority.md', 'priority/src/container/priority-metrics.ts', 'PriorityMetrics'],
  ['request-reply.md', 'listener/src/reply/replying-template-options.ts', 'RepliesOptions'],
  ['resilience.md', 'executor/src/circuit-breaker/circuit-breaker-options.ts', 'CircuitBreakerTaskExecutorOptions'],
  ['resilience.md', 'executor/src/rate-limit/rate-limited-task-executor.ts', 'RateLimitedTaskExecutorOptions'],
  ['running.md', 'listener/src/container-state.ts', 'StopOptions'],
  ['send.md', 'client-kafkajs/src/producer/producer-options.ts', 'ProducerOptions'],
  ['send.md', 'template/src/template-options.ts', 'KafkaTemplateOptions'],
  ['testing.md', 'embedded-broker/src/options.ts', 'EmbeddedKafkaOptions'],
  ['tracing.md', 'opentelemetry/src/tracing-options.ts', 'TracingOptions'],
  ['worker-threads.md', 'executor/src/worker/worker-thread-options.ts', 'WorkerThreadOptions'],
];

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

  for (const [page, source, type] of EXPLAINED) {
    it(`name every member of ${type}`, () => {
      const { text } = read(`docs/${page}`);
      for (const name of membersOf(read(`packages/${source}`).text, type)) {
        assert.ok(text.includes(`\`${name}\``), `docs/${page} does not name ${name}`);
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
