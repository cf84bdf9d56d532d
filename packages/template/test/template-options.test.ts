import assert from 'node:assert/strict';
import { json, KafkaConfigError, type ProducerFactory } from '@hearken/core';
import { KafkaTemplate, type KafkaTemplateOptions } from '@hearken/template';
import { FakeProducerFactory } from '@hearken/testing';

const factory = new FakeProducerFactory();

function problemsOf(options: unknown, producerFactory: unknown): Record<string, string> {
  try {
    new KafkaTemplate(producerFactory as ProducerFactory, options as KafkaTemplateOptions);
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError);
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('the options of a KafkaTemplate', () => {
  it('are refused all at once, with the nearest valid name', () => {
    const problems = problemsOf(
      {
        valueSerd: json(),
        keySerde: { serialize: () => null },
        defaultTopic: '',
        autoFlush: 'yes',
        producerListener: {},
        interceptors: [(record: unknown) => record, {}],
        logger: console.log,
      },
      factory,
    );
    assert.match(problems.valueSerd ?? '', /did you mean 'valueSerde'/);
    assert.match(problems.keySerde ?? '', /must have the method/);
    assert.match(problems.defaultTopic ?? '', /non-empty string/);
    assert.match(problems.autoFlush ?? '', /true or false, got 'yes'/);
    assert.match(problems.producerListener ?? '', /onSuccess, onError or both/);
    assert.match(problems.interceptors ?? '', /number 1 is an object/);
    assert.ok('logger' in problems);
  });

  it('refuse what is no factory', () => {
    for (const wrong of [undefined, null, {}, 'kafka:9092']) {
      assert.match(problemsOf({}, wrong).producerFactory ?? '', /createProducer/);
    }
  });

  it('are all optional', () => {
    assert.deepEqual(problemsOf(undefined, factory), {});
    assert.deepEqual(problemsOf({}, factory), {});
  });

  it('refuse interceptors that are no array', () => {
    assert.match(problemsOf({ interceptors: () => 1 }, factory).interceptors ?? '', /must be an array/);
  });
});
