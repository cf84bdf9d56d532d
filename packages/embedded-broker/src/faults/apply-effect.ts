import { produceApi, type ProduceRequest } from '@hearken/protocol';
import { apiShapes, type ApiName, type ListShape } from './apis.js';
import type { FaultEffect, FaultKind, RespondCall } from './fault-effect.js';
import type { Arrival, Outcome } from './fault-hook.js';
import type { HeldRequests, HoldEnd } from './held-requests.js';
import type { Message } from './message-list.js';
import { elementMatch, merge, refuseIn, split, type ElementMatch } from './partial-refusal.js';
import type { RequestMatch } from './request-match.js';

/** A request that a rule took. */
export interface TakenRequest {
  readonly arrival: Arrival;
  readonly match: RequestMatch;
  readonly topicName: (topicId: string) => string | undefined;
  /** Has it handled as it is. */
  readonly handle: () => unknown;
  readonly held: HeldRequests;
}

type EffectOf<Kind extends FaultKind> = Extract<FaultEffect, { readonly kind: Kind }>;
type Effects = { readonly [Kind in FaultKind]: (effect: EffectOf<Kind>, taken: TakenRequest) => Promise<Outcome> };

const UNANSWERED: Outcome = { kind: 'unanswered' };
const CLOSED: Outcome = { kind: 'closed' };

/** The outcome of a request that was handled; undefined is no answer. */
export const handled = (response: unknown): Outcome =>
  response === undefined ? UNANSWERED : { kind: 'answered', response };

/** What becomes of a request under a rule. Rejects as its handler does, or the responder. */
export const applyEffect = <Kind extends FaultKind>(effect: EffectOf<Kind>, taken: TakenRequest): Promise<Outcome> =>
  EFFECTS[effect.kind](effect, taken);

const EFFECTS: Effects = {
  error: ({ errorCode }, taken) => refused(taken, errorCode),
  delay: ({ delayMs }, { held, handle }) => handledAfter(held.holdFor(delayMs), handle),
  hang: (_effect, { held, arrival, handle }) => handledAfter(held.holdWhileThere(arrival.context.signal), handle),
  'drop-request': () => Promise.resolve(UNANSWERED),
  'drop-response': async (_effect, { handle }) => {
    await handle();
    return UNANSWERED;
  },
  close: () => Promise.resolve(CLOSED),
  truncate: async ({ bytes }, { handle }) => {
    const response = await handle();
    return response === undefined ? CLOSED : { kind: 'truncated', response, afterBytes: bytes };
  },
  throttle: async ({ throttleMs }, { handle }) => {
    const response = (await handle()) as Message | undefined;
    if (response === undefined) return UNANSWERED;
    return { kind: 'answered', response: { ...response, throttleTimeMs: throttleMs }, muteMs: throttleMs };
  },
  respond: async ({ responder }, taken) => {
    return handled(await responder(taken.arrival.request as never, respondCall(taken)));
  },
};

async function handledAfter(hold: Promise<HoldEnd>, handle: () => unknown): Promise<Outcome> {
  return (await hold) === 'give-up' ? CLOSED : handled(await handle());
}

const respondCall = ({ arrival, handle }: TakenRequest): RespondCall => ({
  ...arrival.context,
  handle: async (request) =>
    await (request === undefined ? handle() : arrival.handler.handle(request, arrival.context)),
});

/** Who asks for no answer is told of an error by the end of the connection, as Kafka does it. */
async function refused(taken: TakenRequest, errorCode: number): Promise<Outcome> {
  const { handler, request, context } = taken.arrival;
  const list = apiShapes[handler.api.name as ApiName].list;
  const meant = list && elementMatch(list, taken.match, taken.topicName);
  const answer =
    list === undefined || meant === undefined
      ? handler.refuse(request, errorCode, context)
      : await refusedInPart(taken, errorCode, list, meant);
  const wantsNone = handler.api.key === produceApi.key && (request as ProduceRequest).acks === 0;
  return wantsNone ? CLOSED : handled(answer);
}

async function refusedInPart(
  { arrival, handle }: TakenRequest,
  errorCode: number,
  list: ListShape,
  match: ElementMatch,
): Promise<Message> {
  const { handler, context } = arrival;
  const request = arrival.request as Message;
  if (list.refusedAs !== undefined) return refuseIn(list, (await handle()) as Message, match, errorCode);
  const { meant, rest } = split(list, request, match);
  const answer = rest && (await handler.handle({ ...rest, ...list.restWith }, context));
  if (meant === undefined) return answer as Message;
  return merge(list, request, handler.refuse(meant, errorCode, context) as Message, answer as Message | undefined);
}
