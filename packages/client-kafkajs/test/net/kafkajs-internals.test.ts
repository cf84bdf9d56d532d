import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { RecordingLogger } from '@hearken/testing';
import { isKafkaError } from '@hearken/core';
import { kafkajsApi, kafkajsInternals, kafkajsLogger, loadKafkajs } from '../../dist/net/kafkajs-internals.js';

describe("kafkajs' internals", () => {
  it('are there in the version that is installed', () => {
    const { SaslAuthenticator } = kafkajsInternals();
    assert.ok('authenticate' in (SaslAuthenticator.prototype as object));
  });

  for (const [name, apiKey] of Object.entries({
    ListGroups: 16,
    DescribeGroups: 15,
    CreateTopics: 19,
    DeleteTopics: 20,
    CreatePartitions: 37,
    DeleteGroups: 42,
  })) {
    it(`know ${name}`, async () => {
      const api = kafkajsApi(name);
      assert.equal(api.apiKey, apiKey);
      const args = { topics: [], topicPartitions: [], groupIds: [] };
      const { request, response } = api.make(api.newest, name === 'DeleteGroups' ? [] : args);
      assert.equal(request.apiKey, apiKey);
      assert.equal(request.apiVersion, api.newest);
      assert.ok(Buffer.isBuffer((await request.encode()).buffer));
      assert.equal(typeof response.decode, 'function');
    });
  }

  it('are refused in any other version, before anything else of it is loaded', () => {
    const require = createRequire(import.meta.url);
    const other = (path: string): unknown => {
      assert.equal(path, 'kafkajs/package.json');
      return { ...(require(path) as object), version: '2.3.0' };
    };
    assert.throws(
      () => loadKafkajs(other),
      (error) =>
        isKafkaError(error) && error.code === 'UNSUPPORTED_KAFKAJS' && error.message.includes('install kafkajs@2.2.4'),
    );
  });

  it('log to our logger, under their own names', () => {
    const logger = new RecordingLogger();
    const theirs = kafkajsLogger(logger);
    theirs.warn('careful', { broker: 'a:1' });
    theirs.namespace('Sasl').error('no');
    assert.deepEqual(logger.entries.items, [
      { level: 'warn', message: 'careful', details: { broker: 'a:1', namespace: 'kafkajs' } },
      { level: 'error', message: 'no', details: { namespace: 'Sasl' } },
    ]);
  });
});
