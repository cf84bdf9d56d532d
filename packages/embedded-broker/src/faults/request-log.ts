import { systemClock, type Clock } from '@hearken/core';
import { deferred, durationMs, integer, OptionsCheck } from '@hearken/core/internal';
import { EmbeddedKafkaError } from '../errors.js';
import type { ApiName } from './apis.js';
import { resolveRequestMatch } from './fault-match.js';
import type { BrokerEvent, RecordedRequest, RequestState } from './recorded-request.js';
import { matches, type RequestMatch } from './request-match.js';

export interface AwaitRequestOptions {
  /** Whole milliseconds. @default 10 000 */
  readonly timeoutMs?: number | undefined;
  /**
   * Also a request that came already counts, if its `seq` is above this one and it is still among those kept; 0 for all that
   * are kept. @default from now on
   */
  readonly since?: number | undefined;
}

export const DEFAULT_TIMEOUT_MS = 10_000;

/** How many requests are kept, and how many topics and partitions in all of them: a fetch may name thousands. */
const MAX_REQUESTS = 1_000;
const MAX_PARTITIONS = 100_000;

interface Entry {
  readonly request: Mutable<RecordedRequest>;
  readonly weight: number;
}
type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

interface Waiter {
  readonly isMeant: (request: RecordedRequest, ruleId: number | undefined) => boolean;
  readonly resolve: (request: RecordedRequest) => void;
  readonly reject: (error: unknown) => void;
}

/** The last requests that the broker got, oldest first, and who waits for the next ones. */
export class RequestLog {
  readonly #clock: Clock;
  readonly #entries: Entry[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #hits = new Map<number, number>();
  #weight = 0;
  /** Why no more requests come. */
  #ended: EmbeddedKafkaError | undefined;

  constructor({ clock = systemClock }: { readonly clock?: Clock } = {}) {
    this.#clock = clock;
  }

  all(): readonly RecordedRequest[] {
    return this.#entries.map(({ request }) => request);
  }

  /** How many requests a rule took. */
  hitsOf(ruleId: number): number {
    return this.#hits.get(ruleId) ?? 0;
  }

  take(event: BrokerEvent): void {
    if (event.kind === 'arrived') this.#add(event.request, event.ruleId);
    else if (event.kind === 'settled') this.#settle(event.seq, event.state);
    else this.close(event.error);
  }

  /**
   * Resolves when the broker gets a request that is meant, before it is handled.
   * @throws KafkaConfigError; rejects with EmbeddedKafkaError `REQUEST_NOT_SEEN` after `timeoutMs`, or `STOPPED`, `WORKER_FAILED`
   */
  awaitRequest<Name extends ApiName = ApiName>(
    match: (RequestMatch & { readonly api?: Name | undefined }) | ((request: RecordedRequest) => boolean),
    options?: AwaitRequestOptions,
  ): Promise<RecordedRequest<Name>> {
    const { timeoutMs, since } = resolveAwaitOptions(options);
    const isMeant = typeof match === 'function' ? match : matcher(match);
    const found = since === undefined ? undefined : this.all().find((one) => one.seq > since && isMeant(one));
    const request = found ?? this.next(isMeant, timeoutMs, describeMatch(match));
    return Promise.resolve(request as RecordedRequest<Name> | Promise<RecordedRequest<Name>>);
  }

  /** The next request that is meant. @param what as the error names it */
  async next(isMeant: Waiter['isMeant'], timeoutMs: number, what: string): Promise<RecordedRequest> {
    if (this.#ended !== undefined) throw this.#ended;
    const { promise, resolve, reject } = deferred<RecordedRequest>();
    const others = new Map<string, number>();
    const waiter: Waiter = {
      isMeant: (request, ruleId) => {
        if (isMeant(request, ruleId)) return true;
        others.set(request.api, (others.get(request.api) ?? 0) + 1);
        return false;
      },
      resolve,
      reject,
    };
    const timer = this.#clock.setTimer(() => reject(notSeen(what, timeoutMs, others)), timeoutMs);
    this.#waiters.add(waiter);
    return promise.finally(() => {
      timer.clear();
      this.#waiters.delete(waiter);
    });
  }

  clear(): void {
    this.#entries.length = 0;
    this.#weight = 0;
  }

  /** Who waits for a request, now or later, waits in vain. What came is kept. */
  close(reason = new EmbeddedKafkaError('the embedded Kafka was stopped', { code: 'STOPPED' })): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiters) reject(this.#ended);
  }

  #add(request: RecordedRequest, ruleId: number | undefined): void {
    const entry = { request: { ...request }, weight: weigh(request) };
    if (ruleId !== undefined) this.#hits.set(ruleId, this.hitsOf(ruleId) + 1);
    this.#entries.push(entry);
    this.#weight += entry.weight;
    while (this.#entries.length > MAX_REQUESTS || (this.#weight > MAX_PARTITIONS && this.#entries.length > 1)) {
      this.#weight -= this.#entries.shift()?.weight ?? 0;
    }
    for (const waiter of this.#waiters) ask(waiter, entry.request, ruleId);
  }

  /** Requests are kept without gaps in their numbers. */
  #settle(seq: number, state: RequestState): void {
    const first = this.#entries[0]?.request.seq ?? seq;
    const entry = this.#entries[seq - first];
    if (entry !== undefined) entry.request.state = state;
  }
}

/** A user's function that throws is the failure of who waits, not of the connection that is served meanwhile. */
function ask({ isMeant, resolve, reject }: Waiter, request: RecordedRequest, ruleId: number | undefined): void {
  try {
    if (isMeant(request, ruleId)) resolve(request);
  } catch (error) {
    reject(error);
  }
}

const resolveAwaitOptions = (
  given: AwaitRequestOptions | undefined,
): { timeoutMs: number; since: number | undefined } => {
  const check = new OptionsCheck('awaitRequest()');
  const options = check.resolve<{ timeoutMs: number; since: number | undefined }>(given, {
    timeoutMs: durationMs(DEFAULT_TIMEOUT_MS),
    since: integer(undefined),
  });
  check.throwIfAny();
  return options;
};

const matcher = (given: RequestMatch): ((request: RecordedRequest) => boolean) => {
  const match = resolveRequestMatch(given);
  return (request) => matches(match, request);
};

const weigh = ({ topics }: RecordedRequest): number =>
  (topics ?? []).reduce((sum, { partitions }) => sum + 1 + (partitions?.length ?? 0), 1);

const describeMatch = (match: RequestMatch | ((request: RecordedRequest) => boolean)): string =>
  typeof match === 'function' ? 'a request as asked for' : `a request ${JSON.stringify(match)}`;

function notSeen(what: string, timeoutMs: number, others: ReadonlyMap<string, number>): EmbeddedKafkaError {
  const seen = [...others].map(([api, count]) => `${api} ${count}`).join(', ');
  const message = `the broker did not get ${what} within ${timeoutMs} ms; it got ${seen === '' ? 'none at all' : seen}`;
  return new EmbeddedKafkaError(message, { code: 'REQUEST_NOT_SEEN' });
}
