import { encodeRequest, encodeResponse, type Api } from '@hearken/protocol';
import { apiShapes, type ApiName, type RequestBody } from '../../dist/faults/apis.js';
import type { Arrival } from '../../dist/faults/fault-hook.js';
import type { Handler } from '../../dist/handlers/handler.js';

interface ArrivalOptions {
  readonly version?: number;
  readonly signal?: AbortSignal;
  readonly handle?: (request: never) => unknown;
}

/** A request as a connection hands it over. Its handler refuses by an answer of its own: `{ refused, request }`. */
export function anArrival<Name extends ApiName>(
  api: Name,
  request: RequestBody<Name>,
  { version, signal = new AbortController().signal, handle = () => ({}) }: ArrivalOptions = {},
): Arrival {
  const { api: declared } = apiShapes[api] as unknown as { readonly api: Api<unknown, unknown> };
  const handler: Handler = {
    api: declared,
    handle: handle,
    refuse: (refusedRequest, errorCode) => ({ refused: errorCode, request: refusedRequest }),
  };
  const context = {
    version: version ?? declared.maxVersion,
    clientId: 'me',
    clientHost: '/127.0.0.1',
    nodeId: 1,
    signal,
  };
  return { handler, request, context, sizeBytes: 100 };
}

/** Throws unless a request could be sent as it is. */
export function assertEncodes(api: ApiName, version: number, request: unknown): void {
  const { api: declared } = apiShapes[api] as unknown as { readonly api: Api<unknown, unknown> };
  encodeRequest(declared, version, { correlationId: 1, clientId: null }, request);
}

/** Throws unless an answer could be sent as it is. */
export function assertAnswers(api: ApiName, version: number, response: unknown): void {
  const { api: declared } = apiShapes[api] as unknown as { readonly api: Api<unknown, unknown> };
  encodeResponse(declared, version, 1, response);
}
