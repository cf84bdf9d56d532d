import assert from 'node:assert/strict';
import { defaultLogger, KafkaError, silentLogger, type Logger } from '@hearken/core';
import { describeError } from '@hearken/core/internal';

function written(log: (logger: Logger) => void): string[] {
  const lines: string[] = [];
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = (line: string | Uint8Array) => lines.push(String(line)) > 0;
  try {
    log(defaultLogger);
  } finally {
    process.stderr.write = write;
  }
  return lines;
}

describe('the default logger', () => {
  it('writes warnings and errors, a line each, and nothing else', () => {
    const lines = written((logger) => {
      logger.debug({}, 'debug');
      logger.info({}, 'info');
      logger.warn({ topic: 'orders' }, 'a warning');
      logger.error({}, 'an error');
    });
    assert.equal(lines.length, 2);
    assert.match(lines[0]!, /^\d{4}-\d\d-\d\dT[\d:.]+Z hearken WARN a warning \{"topic":"orders"\}\n$/);
    assert.match(lines[1]!, / hearken ERROR an error \{\}\n$/);
  });

  it('writes errors with their causes', () => {
    const error = new KafkaError('sending failed', { code: 'X', cause: new TypeError('why') });
    const [line] = written((logger) => logger.error({ error }, 'm'));
    assert.match(line!, /"error":"KafkaError: sending failed; caused by TypeError: why"/);
  });

  it('never throws for what it is given', () => {
    const circular: Record<string, unknown> = { topic: 'orders', offset: 12n };
    circular.self = circular;
    const [line] = written((logger) => logger.warn(circular, 'odd details'));
    assert.match(line!, /odd details/);
  });
});

describe('the silent logger', () => {
  it('says nothing', () => {
    const lines = written(() => {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) silentLogger[level]({}, 'm');
    });
    assert.deepEqual(lines, []);
  });
});

describe('describeError', () => {
  it('is one line for the whole chain, whatever was thrown', () => {
    const error = new Error('a', { cause: new KafkaError('b', { code: 'B', cause: 'c' }) });
    assert.equal(describeError(error), 'Error: a; caused by KafkaError: b; caused by c');
    assert.equal(describeError('text'), 'text');
    assert.equal(describeError(undefined), 'undefined');
  });

  it('ends for errors that cause each other', () => {
    const [a, b] = [new Error('a'), new Error('b')];
    a.cause = b;
    b.cause = a;
    assert.match(describeError(a), /^Error: a; caused by Error: b/);
  });

  it('takes objects without a text of their own', () => {
    assert.equal(typeof describeError(Object.create(null)), 'string');
  });
});
