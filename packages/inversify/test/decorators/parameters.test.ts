import assert from 'node:assert/strict';
import { aRecord } from '@hearken/testing';
import { Ack, Context, Header, Headers, KafkaListener, Level, Payload, Record, Signal } from '../../dist/index.js';
import { aContext, call, callBatch, endpoint } from './beans.js';

const topics = ['orders'];
const signal = new AbortController().signal;
const acknowledgment = { isAcknowledged: false } as never;
const level = { priority: 1, name: 'high' };

/** A bean whose only listener has all there are. */
function all(batch: boolean): object {
  class Billing {
    @KafkaListener({ topics, batch })
    on(
      @Payload() value: unknown,
      @Header('trace') trace: unknown,
      @Header('number', (bytes) => bytes.readInt32BE()) number: unknown,
      @Headers() headers: unknown,
      @Record() record: unknown,
      @Ack() ack: unknown,
      @Signal() aborted: unknown,
      @Context() context: unknown,
      @Level() level: unknown,
    ): unknown {
      return { value, trace, number, headers, record, ack, aborted, context, level };
    }
  }
  return new Billing();
}

describe('parameters', () => {
  it('of a listener of records have what belongs to the record', async () => {
    const init = { value: 'v', headers: { trace: ['old', 't'], number: Buffer.from([0, 0, 1, 0]) } };
    const context = aContext({ signal, acknowledgment });
    const record = aRecord(init);
    const given = (await endpoint(all(false))).listener?.(record, context, level);
    assert.deepEqual(given, {
      value: Buffer.from('v'),
      trace: 't',
      number: 256,
      headers: record.headers,
      record,
      ack: acknowledgment,
      aborted: signal,
      context,
      level,
    });
  });

  it('of a listener of batches have a list of what each record has', async () => {
    const inits = [{ value: 'a', headers: { trace: 't' } }, { value: 'b' }];
    const records = inits.map(aRecord);
    const context = aContext({ signal, acknowledgment });
    assert.deepEqual(await callBatch(await endpoint(all(true)), inits, context), {
      value: [Buffer.from('a'), Buffer.from('b')],
      trace: ['t', undefined],
      number: [undefined, undefined],
      headers: records.map(({ headers }) => headers),
      record: records,
      ack: acknowledgment,
      aborted: signal,
      context,
      level: undefined, // the application does not start by then
    });
  });

  it('ask for nothing that no parameter wants', async () => {
    class Billing {
      @KafkaListener({ topics })
      on(@Payload() value: Buffer): string {
        return value.toString();
      }
    }
    const context = {
      get signal() {
        throw new Error('a signal costs');
      },
    } as never;
    assert.equal(call(await endpoint(new Billing()), { value: 'v' }, context), 'v');
  });

  it('with a default value may stand without a decorator at the end', async () => {
    class Billing {
      @KafkaListener({ topics })
      on(@Payload() value: Buffer, times = 2): string {
        return value.toString().repeat(times);
      }
    }
    assert.equal(call(await endpoint(new Billing()), { value: 'v' }), 'vv');
  });

  it('leave a synchronous listener synchronous, and what it throws thrown', async () => {
    class Billing {
      @KafkaListener({ topics })
      on(@Payload() value: Buffer): void {
        throw new RangeError(value.toString());
      }
    }
    const listening = await endpoint(new Billing());
    assert.throws(() => call(listening, { value: 'v' }), new RangeError('v'));
  });
});
