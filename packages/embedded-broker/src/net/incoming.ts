import {
  apiVersionsApi,
  decodeRequest,
  errorCodes,
  ProtocolError,
  Reader,
  readRequestKind,
  type RequestHeader,
} from '@hearken/protocol';
import type { Handler, RequestContext } from '../handlers/handler.js';

/** The APIs that are served, by key. */
export type Handlers = ReadonlyMap<number, Handler>;

/** A request as read from its frame. */
export interface Incoming {
  readonly handler: Handler;
  readonly version: number;
  readonly header: RequestHeader;
  readonly request: unknown;
  /** Of the frame, without its size. */
  readonly sizeBytes: number;
  /** Has it handled. */
  readonly handle: (request: unknown, context: RequestContext) => unknown;
}

/**
 * Reads a request's frame. As Kafka does, an API or version that is not served cannot be answered: nobody knows what an
 * answer to it looks like. ApiVersions alone can (KIP-511), because clients begin with their newest version of it.
 * @throws ProtocolError `MALFORMED`, `OUT_OF_RANGE`, `UNSUPPORTED_VERSION`
 */
export function readIncoming(handlers: Handlers, frame: Buffer): Incoming {
  const { apiKey, version } = readRequestKind(frame);
  const handler = handlers.get(apiKey);
  if (handler === undefined) {
    throw new ProtocolError(
      'UNSUPPORTED_VERSION',
      `API ${apiKey} is not served, in no version (${version} was asked for)`,
    );
  }
  if (apiKey === apiVersionsApi.key && version > apiVersionsApi.maxVersion) return tooNew(handler, frame);
  const handle = handler.handle.bind(handler);
  return { handler, handle, sizeBytes: frame.length, ...decodeRequest(handler.api, frame) };
}

/** Nothing but the correlation id of such a request can be read. */
const tooNew = (handler: Handler, frame: Buffer): Incoming => ({
  handler,
  version: 0,
  header: { correlationId: new Reader(frame, 4).int32(), clientId: null },
  request: { clientSoftwareName: '', clientSoftwareVersion: '' },
  sizeBytes: frame.length,
  handle: (request, context) => handler.refuse(request, errorCodes.UNSUPPORTED_VERSION, context),
});
