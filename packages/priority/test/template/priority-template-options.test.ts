import assert from 'node:assert/strict';
import { json, KafkaConfigError, silentLogger, systemClock, type ProducerFactory } from '@hearken/core';
import { PriorityKafkaTemplate, SuffixNaming, type PriorityKafkaTemplateOptions } from '@hearken/priority';
import { FakeProducerFactory } from '@hearken/testing';

const factory = new FakeProducerFactory();

function problemsOf(options: unknown, producerFactory: unknown = factory): Record<string, string> {
  try {
    new PriorityKafkaTemplate(producerFactory as ProducerFactory, options as PriorityKafkaTemplateOptions);
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError);
    assert.match(error.message, /^PriorityKafkaTemplate cannot be used/);
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('the options of a PriorityKafkaTemplate', () => {
  it('are refused all at once, those of the KafkaTemplate too', () => {
    const problems = problemsOf(
      {
        levels: 17,
        valueSerd: json(),
        level: 3,
        keySerde: { serialize: () => null },
        defaultTopic: '',
        outOfRange: 'clmp',
        priorityHeader: 'yes',
        naming: { topic: () => 'a' },
        unequalPartitions: 'fail!',
        autoFlush: 'yes',
      },
      {},
    );
    assert.match(problems.levels ?? '', /must be a whole number from 1 to 16, got 17; or give a list of levels/);
    assert.match(problems.valueSerd ?? '', /did you mean 'valueSerde'/);
    assert.match(problems.level ?? '', /did you mean 'levels'/);
    assert.match(problems.keySerde ?? '', /must have the method/);
    assert.match(problems.defaultTopic ?? '', /non-empty string/);
    assert.match(problems.outOfRange ?? '', /did you mean 'clamp'/);
    assert.match(problems.priorityHeader ?? '', /true or false/);
    assert.match(problems.naming ?? '', /must have the methods topic, group/);
    assert.match(problems.unequalPartitions ?? '', /did you mean 'fail'/);
    assert.match(problems.autoFlush ?? '', /true or false/);
    assert.match(problems.producerFactory ?? '', /createProducer/);
  });

  it('need levels', () => {
    assert.deepEqual(problemsOf({}), { levels: 'is required' });
    assert.ok('levels' in problemsOf(undefined));
    assert.match(problemsOf(3).options ?? '', /must be an object, got 3/);
  });

  it('take every option of a KafkaTemplate', () => {
    const all: Required<PriorityKafkaTemplateOptions> = {
      levels: 16,
      defaultPriority: 15,
      outOfRange: 'clamp',
      priorityHeader: true,
      naming: new SuffixNaming('.'),
      unequalPartitions: 'ignore',
      defaultTopic: 'orders',
      keySerde: json<string>(),
      valueSerde: json<string>(),
      producerListener: { onSuccess: () => undefined },
      interceptors: [],
      autoFlush: true,
      logger: silentLogger,
      clock: systemClock,
    };
    assert.deepEqual(problemsOf(all), {});
  });

  it('need a default level that is one', () => {
    const { defaultPriority = '' } = problemsOf({ levels: ['bulk', 'urgent'], defaultPriority: 'urgend' });
    assert.match(defaultPriority, /no level 'urgend': they are 0 to 1 \(bulk, urgent\); did you mean 'urgent'/);
    assert.match(problemsOf({ levels: 2, defaultPriority: 2 }).defaultPriority ?? '', /they are 0 to 1$/);
  });

  it('need levels that fit together', () => {
    const problems = problemsOf({
      levels: [
        { name: 'a', weight: 1 },
        { name: 'a', weight: 0 },
        { name: '7' },
        { minShare: 1.5, minSlots: 3, maxSlots: 2 },
        { wieght: 1 },
        undefined,
      ],
    });
    assert.deepEqual(problems, {
      'levels.1.weight': 'must be a number above 0, got 0',
      'levels.2.name': "must be a text that is not a number, got '7'",
      'levels.3.minShare': 'must be a number from 0 to 1, got 1.5',
      'levels.4.wieght': "is not an option; did you mean 'weight'?",
      'levels.5': 'must be a name or an object, got undefined',
      'levels.1.name': "is level 0's too",
      'levels.3.minSlots': 'must not be above maxSlots, got 3 and 2',
      levels: 'must all have a weight, or none: 2 of 6 have one',
    });
    assert.match(problemsOf({ levels: [] }).levels ?? '', /must be from 1 to 16 levels, got 0/);
  });
});
