import assert from 'node:assert/strict';
import { errorCodes, errorName, ZERO_UUID, type DeleteTopicsRequest } from '@hearken/protocol';
import type { Cluster } from '../../dist/cluster/cluster.js';
import { deleteTopicsHandler } from '../../dist/handlers/delete-topics.js';
import { aCluster, ask, refusal, verdicts } from './a-cluster.js';

type TopicRef = DeleteTopicsRequest['topics'][number];

const named = (name: string): TopicRef => ({ name, topicId: ZERO_UUID });
const byId = (topicId: string): TopicRef => ({ name: null, topicId });
const UNKNOWN_ID = 'B'.repeat(21) + 'A';

/** Topics a and b. */
function withTopics(config = {}): { cluster: Cluster; idOf: (name: string) => string } {
  const cluster = aCluster({ config });
  const ids = new Map(['a', 'b'].map((name) => [name, cluster.createTopic(name).id]));
  return { cluster, idOf: (name) => ids.get(name)! };
}
/** As it is read in that version: the other list is empty. */
const request = (topics: TopicRef[], version = 6): DeleteTopicsRequest => ({
  topics: version >= 6 ? topics : [],
  topicNames: version >= 6 ? [] : topics.map(({ name }) => name!),
  timeoutMs: 1000,
});
const namesOf = (cluster: Cluster): string[] => [...cluster.topics()].map(({ name }) => name);

async function remove(cluster: Cluster, topics: TopicRef[], version?: number) {
  const options = version === undefined ? {} : { version };
  return (await ask(deleteTopicsHandler(cluster), request(topics, version), options)).responses;
}

describe('DeleteTopics', () => {
  it('deletes by name or by id, and tells both', async () => {
    const { cluster, idOf } = withTopics();
    assert.deepEqual(await remove(cluster, [named('a'), byId(idOf('b'))]), [
      { name: 'a', topicId: idOf('a'), errorCode: 0, errorMessage: null },
      { name: 'b', topicId: idOf('b'), errorCode: 0, errorMessage: null },
    ]);
    assert.deepEqual(namesOf(cluster), []);
  });

  // Each in the words of Apache Kafka 4.1.0.
  it('refuses what it cannot find', async () => {
    const { cluster } = withTopics();
    assert.deepEqual(verdicts(await remove(cluster, [named('no'), byId(UNKNOWN_ID)])), [
      ['no', 'UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.'],
      [null, 'UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.'],
    ]);
  });

  it('answers once for what is named twice, and does not delete it', async () => {
    const { cluster, idOf } = withTopics();
    assert.deepEqual(verdicts(await remove(cluster, [named('a'), named('a'), byId(idOf('b')), byId(idOf('b'))])), [
      ['a', 'INVALID_REQUEST', 'Duplicate topic name.'],
      [null, 'INVALID_REQUEST', 'Duplicate topic id.'],
    ]);
    const message = 'The provided topic name maps to an ID that was already supplied.';
    assert.deepEqual(verdicts(await remove(cluster, [byId(idOf('a')), named('a')])), [
      ['a', 'INVALID_REQUEST', message],
    ]);
    assert.deepEqual(namesOf(cluster), ['a', 'b']);
  });

  it('refuses both a name and an id, and neither', async () => {
    const { cluster, idOf } = withTopics();
    assert.deepEqual(verdicts(await remove(cluster, [{ name: 'a', topicId: idOf('a') }, byId(ZERO_UUID)])), [
      ['a', 'INVALID_REQUEST', 'You may not specify both topic name and topic id.'],
      [null, 'INVALID_REQUEST', 'Neither topic name nor id were specified.'],
    ]);
    assert.deepEqual(namesOf(cluster), ['a', 'b']);
  });

  it('goes by the list of names up to version 5', async () => {
    for (let version = 1; version <= 5; version++) {
      const { cluster } = withTopics();
      const answers = await remove(cluster, [named('a'), named('no')], version);
      assert.deepEqual(
        answers.map(({ name, errorCode }) => [name, errorName(errorCode)]),
        [
          ['a', 'NONE'],
          ['no', 'UNKNOWN_TOPIC_OR_PARTITION'],
        ],
      );
      assert.deepEqual(namesOf(cluster), ['b']);
    }
  });

  it('deletes nothing where delete.topic.enable forbids it', async () => {
    const { cluster } = withTopics({ 'delete.topic.enable': 'false' });
    assert.equal((await remove(cluster, [named('a')]))[0]!.errorCode, errorCodes.TOPIC_DELETION_DISABLED);
    assert.equal((await remove(cluster, [named('a')], 2))[0]!.errorCode, errorCodes.INVALID_REQUEST);
    assert.deepEqual(namesOf(cluster), ['a', 'b']);
  });

  it('makes a new topic of a deleted name, with another id and no records', async () => {
    const { cluster, idOf } = withTopics();
    await remove(cluster, [named('a')]);
    assert.notEqual(cluster.createTopic('a').id, idOf('a'));
    assert.equal(cluster.topicById(idOf('a')), undefined);
  });

  it('can be refused as a whole, in old versions too', () => {
    const handler = deleteTopicsHandler(aCluster());
    for (const version of [1, 6]) {
      const { responses } = refusal(handler, request([named('a'), named('b')], version), 7, { version });
      assert.deepEqual(verdicts(responses), [
        ['a', 'REQUEST_TIMED_OUT', null],
        ['b', 'REQUEST_TIMED_OUT', null],
      ]);
    }
  });
});
