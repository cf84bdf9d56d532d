/* eslint-disable @typescript-eslint/no-extraneous-class -- nothing but their names matters */
import assert from 'node:assert/strict';
import { deferred, OptionsCheck } from '@hearken/core/internal';
import { ManualClock } from '@hearken/testing';
import { BeanError, type Lifecycle } from '../../dist/index.js';
import { LivingBean, livingBeans } from '../../dist/application/living-bean.js';
import { startSteps, stopSteps } from '../../dist/application/phase-steps.js';
import { runSteps, type Step } from '../../dist/application/steps.js';

const never = new AbortController().signal;

describe('a living bean', () => {
  it('is stopped once its start has ended, well or badly, and told to hurry', async () => {
    for (const end of ['resolve', 'reject'] as const) {
      const [begun, told] = [deferred(), [] as string[]];
      class Desk implements Lifecycle {
        start(signal: AbortSignal): Promise<void> {
          signal.addEventListener('abort', () => {
            told.push('start aborted');
            begun[end]();
          });
          return begun.promise;
        }
        stop(): void {
          told.push('stopped');
        }
      }
      const bean = new LivingBean(new Desk());
      const starting = bean.start(never);
      await bean.stop(never);
      assert.deepEqual(told, ['start aborted', 'stopped']);
      if (end === 'reject') await assert.rejects(starting, { code: 'BEAN_NOT_STARTED' });
      else await starting;
    }
  });

  it('that was never started is not stopped', async () => {
    const bean = new LivingBean({ stop: () => assert.fail('it was stopped') });
    await bean.stop(never);
  });

  it('needs no start, and says which bean failed, with the cause', async () => {
    const cause = new Error('no port');
    class Desk implements Lifecycle {
      stop(): void {
        throw cause;
      }
    }
    const bean = new LivingBean(new Desk());
    await bean.start(never);
    await assert.rejects(bean.stop(never), (error: unknown) => {
      assert.ok(error instanceof BeanError);
      assert.deepEqual([error.bean, error.code, error.cause], ['Desk', 'BEAN_NOT_STOPPED', cause]);
      assert.equal(error.message, 'the bean Desk did not stop: no port');
      return true;
    });
  });

  it('is aborted with its application, before it stops or while it does', async () => {
    for (const isEarly of [true, false]) {
      const reasons: unknown[] = [];
      const bean = new LivingBean({
        stop: (signal) =>
          new Promise<void>((resolve) => {
            const over = (): void => {
              reasons.push((signal.reason as Error).message);
              resolve();
            };
            if (signal.aborted) over();
            else signal.addEventListener('abort', over);
          }),
      });
      await bean.start(never);
      if (isEarly) bean.abort();
      const stopping = bean.stop(never);
      if (!isEarly) bean.abort();
      await stopping;
      assert.deepEqual(reasons, ['the application is aborted']);
    }
  });

  it('has a stop and a phase that is a number, and is one bean however often it is named', () => {
    class Early implements Lifecycle {
      readonly phase = 'early' as never;
      stop(): void {
        return;
      }
    }
    class Unstoppable {}
    const check = new OptionsCheck('test');
    const fine: Lifecycle = { phase: -Infinity, stop: () => undefined };
    assert.equal(livingBeans(check, [new Early(), new Unstoppable(), fine, fine]).length, 1);
    assert.throws(() => check.throwIfAny(), {
      message: [
        'test cannot be used:',
        "  Early.phase: must be a number, got 'early'",
        '  lifecycleModule: must name beans that have the method stop, got an Unstoppable',
      ].join('\n'),
    });
  });
});

describe('steps by phase', () => {
  const named = (name: string, phase?: number): LivingBean => {
    const Class = { [name]: class {} }[name] as new () => object;
    const bean = Object.assign(new Class(), { stop: () => undefined, ...(phase === undefined ? {} : { phase }) });
    return new LivingBean(bean);
  };
  const listener = (id: string, phase: number, start = (): Promise<void> => Promise.resolve()) =>
    ({ id, phase, start, stop: () => Promise.resolve({}), setting: () => 1_000, endpoint: { where: id } }) as never;
  const names = (steps: readonly Step[]): readonly string[] => steps.map(({ name }) => name);

  it('go up to start and the same way back to stop, what takes work in last and first', () => {
    const members = {
      beans: [named('Desk'), named('Cache', -1), named('Clock'), named('Pool', 0)],
      listeners: [listener('a', 0), listener('b', 1), listener('c', 0)],
      stepTimeoutMs: 10,
    };
    const started = ['Cache', 'Pool', 'listeners of phase 0', 'listeners of phase 1', 'Desk, Clock'];
    assert.deepEqual(
      names(startSteps(members)),
      started.map((what) => `start ${what}`),
    );
    assert.deepEqual(
      names(stopSteps(members, () => undefined)),
      started.reverse().map((what) => `stop ${what}`),
    );
  });

  it('are bounded: a bean that does not stop in time is told, and left behind', async () => {
    const clock = new ManualClock();
    const aborted = deferred<unknown>();
    const hanging = new LivingBean({
      stop: (signal) => {
        signal.addEventListener('abort', () => aborted.resolve(signal.reason));
        return deferred().promise;
      },
    });
    await hanging.start(never);
    const steps = stopSteps({ beans: [hanging], listeners: [], stepTimeoutMs: 10 }, () => undefined);
    const running = runSteps(steps, { clock });
    await clock.timersPending(1);
    clock.advance(10);
    const [report] = await running;
    assert.equal(report?.outcome, 'timed-out');
    assert.match(String(await aborted.promise), /took longer than 10 ms/);
  });
});
