import { KafkaConfigError } from '@hearken/core';
import { callable, describe, didYouMean, durationMs, integer } from '@hearken/core/internal';
import { errorCodes } from '@hearken/protocol';
import type { ApiName, RequestBody } from './apis.js';
import { checked } from './checked.js';
import type { FaultEffect, Responder } from './fault-effect.js';
import { resolveFaultMatch, type FaultMatch } from './fault-match.js';
import type { FaultRule } from './fault-rule.js';
import type { FaultSpec } from './fault-spec.js';

/**
 * What a rule is to do with the requests that it takes; each method makes the rule. It is in force when the promise resolves.
 *
 * A broker serves one request of a connection at a time and answers in order. So a rule that holds a request (`delay`,
 * `hang`) holds back what the client sends behind it on the same connection, and one that takes an answer away
 * (`dropRequest`, `dropResponse`) does not: a client with several requests in flight then gets the answer to a later one.
 */
export class FaultRuleBuilder<Name extends ApiName> {
  readonly #rule: Omit<FaultSpec, 'effect'>;
  readonly #install: (spec: FaultSpec) => Promise<FaultRule>;

  /** @internal made by `faults.on()` */
  constructor(match: FaultMatch, install: (spec: FaultSpec) => Promise<FaultRule>) {
    this.#rule = resolveFaultMatch(match);
    this.#install = install;
  }

  /**
   * Refuses the request; it has no effect. With a `topic` or `partition` in the rule only those are refused of a request
   * that has others too, and the others are handled. A producer with `acks` 0 sees its connection close.
   * @param error Kafka's name of it or its number: `'NOT_LEADER_OR_FOLLOWER'`
   */
  error(error: string | number): Promise<FaultRule> {
    return this.#make({ kind: 'error', errorCode: errorCodeOf(error) });
  }

  /** Handles the request so many milliseconds later, also if its client has left by then. */
  delay(delayMs: number): Promise<FaultRule> {
    return this.#make({
      kind: 'delay',
      delayMs: checked('faults.on().delay()', 'delayMs', delayMs, durationMs(undefined)),
    });
  }

  /** Loses the request: no effect, no answer. */
  dropRequest(): Promise<FaultRule> {
    return this.#make({ kind: 'drop-request' });
  }

  /** Handles the request and loses the answer. */
  dropResponse(): Promise<FaultRule> {
    return this.#make({ kind: 'drop-response' });
  }

  /** Holds the request until the rule is removed, and handles it then; if its client leaves before, it is lost. */
  hang(): Promise<FaultRule> {
    return this.#make({ kind: 'hang' });
  }

  /** Closes the connection; the request has no effect. */
  close(): Promise<FaultRule> {
    return this.#make({ kind: 'close' });
  }

  /**
   * Handles the request, writes only the beginning of the answer and closes the connection.
   * @param bytes of the answer's frame, the four of its size included; if it has no more than that, all of it
   */
  truncate(bytes: number): Promise<FaultRule> {
    return this.#make({
      kind: 'truncate',
      bytes: checked('faults.on().truncate()', 'bytes', bytes, integer(undefined)),
    });
  }

  /** Answers with this throttle time and serves nothing else of the connection for so long, as a broker does with quotas. */
  throttle(throttleMs: number): Promise<FaultRule> {
    return this.#make({
      kind: 'throttle',
      throttleMs: checked('faults.on().throttle()', 'throttleMs', throttleMs, durationMs(undefined)),
    });
  }

  /**
   * Answers by a function of yours, which may be asynchronous, and may have the broker handle the request. Only where the
   * broker runs in this thread.
   * @throws EmbeddedKafkaError `UNSUPPORTED_IN_WORKER`
   */
  respond(responder: Responder<RequestBody<Name>>): Promise<FaultRule> {
    return this.#make({
      kind: 'respond',
      responder: checked('faults.on().respond()', 'responder', responder as Responder, callable<Responder>()),
    });
  }

  #make(effect: FaultEffect): Promise<FaultRule> {
    return this.#install({ ...this.#rule, effect });
  }
}

function errorCodeOf(error: string | number): number {
  const code = typeof error === 'number' ? error : (errorCodes as Readonly<Record<string, number>>)[error];
  if (code !== undefined && code !== errorCodes.NONE && Object.values<number>(errorCodes).includes(code)) return code;
  const hint = didYouMean(error, Object.keys(errorCodes));
  const message = `must be the name or number of one of Kafka's errors, got ${describe(error)}${hint}`;
  throw new KafkaConfigError('faults.on().error()', [{ path: 'error', message }]);
}
