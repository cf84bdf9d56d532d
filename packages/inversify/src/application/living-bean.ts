import { describe, hasMethods, type OptionsCheck } from '@hearken/core/internal';
import { BeanError } from './errors.js';
import type { Lifecycle } from './lifecycle.js';

/** A bean of the user's that the application starts and stops. */
export class LivingBean {
  /** Of its class: what messages name it by. */
  readonly name: string;
  readonly phase: number;
  readonly #bean: Lifecycle;
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  /** undefined: it was never asked to start, so that there is nothing to stop. Never rejects. */
  #started: Promise<void> | undefined;

  constructor(bean: Lifecycle) {
    this.name = bean.constructor.name;
    this.phase = bean.phase ?? Infinity;
    this.#bean = bean;
  }

  /** @throws BeanError `BEAN_NOT_STARTED` */
  start(signal: AbortSignal): Promise<void> {
    const starting = this.#ask('start', 'BEAN_NOT_STARTED', [signal, this.#stopping.signal]);
    this.#started = starting.catch(() => undefined);
    return starting;
  }

  /** @throws BeanError `BEAN_NOT_STOPPED` */
  async stop(signal: AbortSignal): Promise<void> {
    if (this.#started === undefined) return;
    this.#stopping.abort(new Error('the application stops'));
    await this.#started;
    await this.#ask('stop', 'BEAN_NOT_STOPPED', [signal, this.#aborting.signal]);
  }

  /** A stop, the one under way or the one to come, is to end at once. */
  abort(): void {
    this.#stopping.abort(new Error('the application stops'));
    this.#aborting.abort(new Error('the application is aborted'));
  }

  async #ask(
    what: 'start' | 'stop',
    code: 'BEAN_NOT_STARTED' | 'BEAN_NOT_STOPPED',
    signals: AbortSignal[],
  ): Promise<void> {
    try {
      await this.#bean[what]?.(AbortSignal.any(signals));
    } catch (error) {
      throw new BeanError(this.name, code, error);
    }
  }
}

/** What is no {@link Lifecycle} is a problem. */
export function livingBeans(check: OptionsCheck, beans: Iterable<unknown>): readonly LivingBean[] {
  return [...new Set(beans)].filter((bean) => isLifecycle(check, bean)).map((bean) => new LivingBean(bean));
}

function isLifecycle(check: OptionsCheck, bean: unknown): bean is Lifecycle {
  if (!hasMethods(bean, ['stop'])) {
    check.problem('lifecycleModule', `must name beans that have the method stop, got ${describe(bean)}`);
    return false;
  }
  const { phase, constructor } = bean as Lifecycle;
  if (phase === undefined || (typeof phase === 'number' && !Number.isNaN(phase))) return true;
  check.problem(`${constructor.name}.phase`, `must be a number, got ${describe(phase)}`);
  return false;
}
