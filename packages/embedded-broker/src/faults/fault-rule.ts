import { durationMs, OptionsCheck } from '@hearken/core/internal';
import type { BrokerHost } from '../host.js';
import type { FaultSpec } from './fault-spec.js';
import type { RecordedRequest } from './recorded-request.js';
import { DEFAULT_TIMEOUT_MS, type RequestLog } from './request-log.js';

/** A rule in force at the broker, until it is removed; after its last time it does nothing any more. */
export class FaultRule implements AsyncDisposable {
  readonly #host: BrokerHost;
  readonly #requests: RequestLog;
  readonly #id: number;

  /** @internal made by {@link FaultRuleBuilder} */
  static async install(host: BrokerHost, requests: RequestLog, spec: FaultSpec): Promise<FaultRule> {
    return new FaultRule(host, requests, await host.addRule(spec));
  }

  private constructor(host: BrokerHost, requests: RequestLog, id: number) {
    this.#host = host;
    this.#requests = requests;
    this.#id = id;
  }

  /** How many requests it took. In worker mode news of the last one may be on its way. */
  get hits(): number {
    return this.#requests.hitsOf(this.#id);
  }

  /**
   * Resolves with the next request that it takes, when it takes it.
   * @param options.timeoutMs whole milliseconds, @default 10 000
   * @throws EmbeddedKafkaError `REQUEST_NOT_SEEN`, `STOPPED`
   */
  nextHit(options?: { readonly timeoutMs?: number | undefined }): Promise<RecordedRequest> {
    const check = new OptionsCheck('nextHit()');
    const { timeoutMs } = check.resolve(options, { timeoutMs: durationMs(DEFAULT_TIMEOUT_MS) });
    check.throwIfAny();
    return this.#requests.next((_request, ruleId) => ruleId === this.#id, timeoutMs, 'one for the rule');
  }

  /** From when it resolves on requests pass, and those that it holds (`hang`, `delay`) are handled. Idempotent. */
  remove(): Promise<void> {
    return this.#host.removeRule(this.#id);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}
