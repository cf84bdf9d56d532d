import assert from 'node:assert/strict';
import { codeOf, type ConsumerRecord } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import {
  BatchListenerFailedError,
  NonRetriable,
  type BatchListenerContext,
  type BatchResult,
  type BatchReturn,
} from '../../dist/index.js';
import { FAILURES } from '../laws/error-handler.js';
import { Failures } from '../laws/failures.js';
import { MAX_RETRIES, SEEING, type Call, type Element, type Oracle } from './oracle.js';
import { isManual, type Ending, type World } from './world.js';

/** Until a record that failed comes again. */
export const RETRY_MS = 10;
const NACKED_MS = 15;

interface OpenCall extends Call {
  readonly resolve: (result?: BatchResult) => void;
  readonly reject: (error: unknown) => void;
}

/** The listener of one container, whose calls end as the world says; tells the oracle what each ending has to come to. */
export class Calls {
  readonly failures = new Failures();
  readonly #world: World;
  readonly #oracle: Oracle;
  /** "partition/offset" of first records whose calls return at once. */
  readonly #endsAtOnce: ReadonlySet<string>;
  readonly #open = new Map<Call, OpenCall>();
  /** Under a manual mode: calls that are over, and may have left something to be acknowledged. */
  readonly #returned: Call[] = [];

  constructor(world: World, oracle: Oracle, endsAtOnce: ReadonlySet<string>) {
    this.#world = world;
    this.#oracle = oracle;
    this.#endsAtOnce = endsAtOnce;
  }

  onBatch(records: readonly ConsumerRecord[], context: BatchListenerContext): Promise<BatchReturn> | undefined {
    const { promise, resolve, reject } = deferred<BatchResult | undefined>();
    const call = this.#oracle.started(records, context);
    this.#open.set(call, { ...call, resolve, reject });
    if (!this.#endsAtOnce.has(`${context.partition}/${records[0]!.offset}`)) return promise;
    this.#end(call);
    return undefined;
  }

  /** All that run end well, but for these, and all that ran are acknowledged. */
  endAll(but: ReadonlySet<Call> = new Set()): void {
    for (const call of [...this.#oracle.running]) if (!but.has(call)) this.#end(call);
    for (const call of this.#returned.splice(0)) this.#acknowledgeAll(call);
  }

  #end(call: Call): void {
    this.#oracle.ended(call, call.elements);
    if (isManual(this.#world)) call.context.acknowledgment.acknowledge();
    this.#goesOn(call, []);
    this.#close(call).resolve();
  }

  settle(how: Ending, pick: number, at: number): void {
    if (how === 'acknowledge') {
      this.#acknowledge(pick, at);
      return;
    }
    const running = [...this.#oracle.running];
    const call = running[pick % running.length];
    if (call === undefined) return;
    const index = at % call.elements.length;
    if (how === 'end') this.#end(call);
    else if (how === 'return') this.#return(call);
    else if (how === 'nack') this.#nack(call, index);
    else if (how === 'fail' || how === 'fail-for-good') this.#fail(call, how === 'fail');
    else if (how === 'name-some') this.#nameSome(call, at);
    else if (how === 'fatal-at') this.#fatalAt(call, index);
    else this.#failAt(call, index, how === 'fail-at');
  }

  #return(call: Call): void {
    if (!isManual(this.#world)) return;
    this.#returned.push(call);
    this.#goesOn(call, []);
    this.#close(call).resolve();
  }

  #acknowledge(pick: number, at: number): void {
    const calls = [...this.#oracle.running, ...this.#returned];
    const call = calls[pick % calls.length];
    if (!isManual(this.#world) || call === undefined) return;
    const index = at % call.elements.length;
    this.#oracle.ended(call, call.elements.slice(0, index + 1));
    call.context.acknowledgment.acknowledge(index);
  }

  #nack(call: Call, index: number): void {
    const rest = call.elements.slice(index);
    if (!isManual(this.#world) || !this.#oracle.openOf(call).includes(rest[0]!)) return;
    this.#oracle.ended(call, call.elements.slice(0, index));
    call.context.acknowledgment.nack(index, NACKED_MS);
    this.#goesOn(call, rest, NACKED_MS);
    this.#close(call).resolve();
  }

  #fail(call: Call, mayPass: boolean): void {
    this.failures.add();
    const open = this.#oracle.openOf(call);
    const isGranted = mayPass && call.context.attempt <= MAX_RETRIES;
    const next = open.map(({ offset, attempt }) => ({ offset, attempt: attempt + 1 }));
    if (open.length === 1) this.#goesOn(call, this.#own(open[0]!, mayPass), RETRY_MS);
    else if (isGranted || open.length === 0) this.#goesOn(call, next, RETRY_MS);
    else this.#oracle.comesAgain(call, next, next.length, 0);
    this.#returned.push(call);
    this.#close(call).reject(mayPass ? new Error('all') : new NonRetriable());
  }

  /** Its epoch is over with that, unless the record had ended, or does so before the executor has its say. */
  #fatalAt(call: Call, index: number): void {
    this.failures.add();
    this.#oracle.ended(call, call.elements.slice(0, index));
    const isOver = this.#oracle.openOf(call).includes(call.elements[index]!) && !SEEING.has(this.#world.executor);
    if (!isOver) this.#goesOn(call, call.elements.slice(index + 1));
    this.#returned.push(call);
    this.#close(call).reject(new BatchListenerFailedError(index, FAILURES.fatal()));
  }

  #failAt(call: Call, index: number, mayPass: boolean): void {
    this.failures.add();
    this.#oracle.ended(call, call.elements.slice(0, index));
    const failed = call.elements[index]!;
    const again = this.#oracle.openOf(call).includes(failed) ? this.#own(failed, mayPass) : [];
    const rest = [...again, ...call.elements.slice(index + 1)];
    this.#goesOn(call, rest, again.length > 0 ? RETRY_MS : 0);
    this.#returned.push(call);
    const cause = mayPass ? new Error('one') : new NonRetriable();
    this.#close(call).reject(new BatchListenerFailedError(index, cause));
  }

  /** Every second or third of them, some of them for good. */
  #nameSome(call: Call, at: number): void {
    this.failures.add();
    const open = new Set(this.#oracle.openOf(call));
    const failed = [...call.elements.keys()].filter((index) => (index + at) % ((at % 2) + 2) === 0);
    const named = new Set(failed);
    const mayPass = (index: number): boolean => (index + at) % 5 > 0;
    const again = call.elements.flatMap((each, i) =>
      named.has(i) && open.has(each) ? this.#own(each, mayPass(i)) : [],
    );
    this.#oracle.ended(
      call,
      call.elements.filter((_, index) => !named.has(index)),
    );
    this.#goesOn(call, again, RETRY_MS);
    this.#returned.push(call);
    this.#close(call).resolve({
      failed: failed.map((index) => ({ index, error: mayPass(index) ? new Error('some') : new NonRetriable() })),
    });
  }

  /** What a failure of its own brings back. */
  #own({ offset, attempt }: Element, mayPass: boolean): Element[] {
    return mayPass && attempt <= MAX_RETRIES ? [{ offset, attempt: attempt + 1 }] : [];
  }

  /** @param delayMs before `again`; what is behind waits for nothing */
  #goesOn(call: Call, again: readonly Element[], delayMs = 0): void {
    const rest = [...again, ...call.alone];
    const alone = call.alone.length > 0 ? rest.length : 0; // of one record it makes no difference
    this.#oracle.comesAgain(call, rest, alone, again.length > 0 ? delayMs : 0);
  }

  #close(call: Call): OpenCall {
    const open = this.#open.get(call)!;
    this.#open.delete(call);
    this.#oracle.running.delete(call);
    return open;
  }

  #acknowledgeAll(call: Call): void {
    if (!isManual(this.#world)) return;
    this.#oracle.ended(call, call.elements);
    try {
      call.context.acknowledgment.acknowledge();
    } catch (error) {
      assert.equal(codeOf(error), 'NACKED');
    }
  }
}
