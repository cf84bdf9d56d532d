import assert from 'node:assert/strict';
import { ManualClock, Recorder } from '@hearken/testing';
import { brokerError, KafkaConnectionError } from '../../dist/errors.js';
import { ProducerIdentities, ProducerIdentity } from '../../dist/producer/producer-identity.js';

describe('ProducerIdentities', () => {
  function setup(...answers: (number | Error)[]) {
    const clock = new ManualClock();
    const changes = new Recorder<'change'>();
    const refusals = new Recorder<unknown>();
    const identities = new ProducerIdentities({
      acquire: () => {
        const answer = answers.shift();
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(new ProducerIdentity(answer ?? 0, 0));
      },
      clock,
      random: () => 0.5,
      onChange: () => changes.record('change'),
      onRefused: refusals.record,
    });
    const renew = async (): Promise<void> => {
      identities.renewIfDue(clock.monotonic());
      await changes.next();
    };
    return { identities, clock, renew, refusals };
  }

  it('asks once, and then gives every partition the same', async () => {
    const { identities, renew } = setup(7);
    assert.equal(identities.isReadyAfter(undefined), false);
    assert.throws(() => identities.after(undefined), RangeError);
    const renewed = renew();
    assert.equal(identities.renewIfDue(0), Infinity);
    await renewed;
    assert.deepEqual(plain(identities.after(undefined)), { producerId: 7, producerEpoch: 0 });
    assert.equal(identities.after(undefined), identities.after(undefined));
    assert.equal(identities.renewIfDue(0), Infinity);
  });

  it('backs off after an error that may pass, and tells of one that will not', async () => {
    const { identities, clock, renew, refusals } = setup(
      new KafkaConnectionError('down', { code: 'CONNECTION_FAILED' }),
      brokerError(31, 'InitProducerId'),
    );
    await renew();
    assert.equal(refusals.count, 0);
    const againAtMs = identities.renewIfDue(clock.monotonic());
    assert.ok(againAtMs > 0 && againAtMs <= 1_200, `${againAtMs}`);
    clock.advance(againAtMs);
    await renew();
    assert.equal(refusals.count, 1);
  });

  it('gives a partition the next epoch of its own, and another id when epochs have run out', async () => {
    const { identities, renew } = setup(7, 8);
    await renew();
    const last = identities.after(new ProducerIdentity(7, 2 ** 15 - 3));
    assert.deepEqual([last.producerEpoch, identities.isReadyAfter(undefined)], [2 ** 15 - 2, true]);
    const used = identities.after(last);
    assert.deepEqual([used.producerEpoch, identities.isReadyAfter(undefined)], [2 ** 15 - 1, false]);
    await renew();
    assert.deepEqual(plain(identities.after(used)), { producerId: 8, producerEpoch: 0 });
  });

  it('gives an id that was retired to no other partition, but its next epoch to one that has it', async () => {
    const { identities, renew } = setup(7, 8);
    await renew();
    const used = identities.after(undefined);
    identities.retire(used);
    assert.deepEqual([undefined, used].map((one) => identities.isReadyAfter(one)), [false, true]); // prettier-ignore
    assert.deepEqual(plain(identities.after(used)), { producerId: 7, producerEpoch: 1 });
    await renew();
    identities.retire(used);
    assert.equal(identities.isReadyAfter(undefined), true, 'the one of now is another');
    assert.deepEqual(plain(identities.after(undefined)), { producerId: 8, producerEpoch: 0 });
  });
});

const plain = ({ producerId, producerEpoch }: ProducerIdentity): object => ({ producerId, producerEpoch });
