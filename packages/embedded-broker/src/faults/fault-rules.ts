import type { Clock } from '@hearken/core';
import type { ApiName } from './apis.js';
import { applyEffect, handled } from './apply-effect.js';
import type { Arrival, FaultHook, Outcome } from './fault-hook.js';
import type { FaultSpec } from './fault-spec.js';
import { HeldRequests, type HoldEnd } from './held-requests.js';
import { recorded, type BrokerEvent, type RecordedRequest, type RequestState } from './recorded-request.js';
import { requestFacts, type RequestFacts } from './request-facts.js';
import { matches } from './request-match.js';
import { Trigger } from './trigger.js';

export interface FaultRulesOptions {
  readonly clock: Clock;
  readonly topicName: (topicId: string) => string | undefined;
  /** Told of every request, when it comes and when it is over. Must not throw. */
  readonly onEvent: (event: BrokerEvent) => void;
}

interface InstalledRule {
  readonly id: number;
  readonly spec: FaultSpec;
  readonly trigger: Trigger;
  readonly held: HeldRequests;
}

/**
 * The rules in force at a broker, in the order in which they were made. Each counts every request that it matches; the
 * first that is due takes the request, and those after it get their turn with the next one.
 */
export class FaultRules implements FaultHook {
  readonly #options: FaultRulesOptions;
  readonly #rules = new Map<number, InstalledRule>();
  #lastId = 0;
  #lastSeq = 0;

  constructor(options: FaultRulesOptions) {
    this.#options = options;
  }

  /** @returns its id */
  add(spec: FaultSpec): number {
    const id = ++this.#lastId;
    const { clock } = this.#options;
    this.#rules.set(id, { id, spec, trigger: new Trigger(spec.trigger), held: new HeldRequests(clock) });
    return id;
  }

  /** What the rule holds goes on. An id that is not there (any more) does nothing. */
  remove(id: number): void {
    this.#end(id, 'go-on');
  }

  /** {@link remove}s all. */
  clear(): void {
    for (const id of this.#rules.keys()) this.#end(id, 'go-on');
  }

  /** Removes all; what they hold is not handled any more. */
  reset(): void {
    for (const id of this.#rules.keys()) this.#end(id, 'give-up');
  }

  async serve(arrival: Arrival, handle: () => unknown): Promise<Outcome> {
    const seq = ++this.#lastSeq;
    const facts = this.#factsOf(arrival);
    const rule = this.#take(facts);
    this.#options.onEvent({ kind: 'arrived', request: this.#record(seq, facts, arrival, rule), ruleId: rule?.id });
    try {
      const outcome = rule === undefined ? handled(await handle()) : await this.#apply(rule, arrival, handle);
      this.#settled(seq, stateAfter(outcome));
      return outcome;
    } catch (error) {
      this.#settled(seq, 'closed');
      throw error;
    }
  }

  #end(id: number, end: HoldEnd): void {
    const rule = this.#rules.get(id);
    this.#rules.delete(id);
    rule?.held.endAll(end);
  }

  #factsOf({ handler, request, context }: Arrival): RequestFacts {
    const { version, clientId, nodeId } = context;
    return requestFacts(
      { api: handler.api.name as ApiName, request, version, clientId, nodeId },
      this.#options.topicName,
    );
  }

  #take(facts: RequestFacts): InstalledRule | undefined {
    let taker: InstalledRule | undefined;
    for (const rule of this.#rules.values()) {
      if (!matches(rule.spec.match, facts)) continue;
      if (rule.trigger.isDue() && taker === undefined) taker = rule;
    }
    taker?.trigger.fire();
    return taker;
  }

  #apply({ spec, held }: InstalledRule, arrival: Arrival, handle: () => unknown): Promise<Outcome> {
    return applyEffect(spec.effect, { arrival, match: spec.match, topicName: this.#options.topicName, handle, held });
  }

  #record(seq: number, facts: RequestFacts, arrival: Arrival, rule: InstalledRule | undefined): RecordedRequest {
    return {
      seq,
      ...facts,
      version: arrival.context.version,
      receivedAt: this.#options.clock.now(),
      sizeBytes: arrival.sizeBytes,
      body: recorded(arrival.request) as RecordedRequest['body'],
      fault: rule?.spec.effect.kind ?? null,
      state: 'pending',
    };
  }

  #settled(seq: number, state: RequestState): void {
    this.#options.onEvent({ kind: 'settled', seq, state });
  }
}

const stateAfter = ({ kind }: Outcome): RequestState => (kind === 'truncated' ? 'closed' : kind);
