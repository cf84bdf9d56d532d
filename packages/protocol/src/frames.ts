import type { Api } from './api.js';
import { ProtocolError } from './errors.js';
import { Reader } from './reader.js';
import { Writer } from './writer.js';

/** ApiVersions: its response header stays version 0, because the asker does not know yet what the broker speaks. */
const API_VERSIONS = 18;

export interface RequestHeader {
  readonly correlationId: number;
  readonly clientId: string | null;
}

/**
 * One request, ready for the socket: the size, the request header (version 1, or 2 for flexible versions) and the body.
 * Large record batches are chunks of their own, uncopied.
 * @throws ProtocolError `OUT_OF_RANGE`, `UNSUPPORTED_VERSION`
 */
export function encodeRequest<Request>(
  api: Api<Request, unknown>,
  version: number,
  header: RequestHeader,
  request: Request,
): Buffer[] {
  const to = new Writer();
  to.int32(0);
  to.int16(api.key);
  to.int16(version);
  to.int32(header.correlationId);
  to.nullableString(header.clientId); // the classic form in every version
  to.flexible = version >= api.flexibleFrom;
  to.tags();
  api.writeRequest(to, request, version);
  return sized(to.finish());
}

/** Which API a frame (without its size) is for; the peer's half of {@link encodeRequest}. */
export const readRequestKind = (frame: Buffer): { readonly apiKey: number; readonly version: number } => {
  const from = new Reader(frame);
  return { apiKey: from.int16(), version: from.int16() };
};

/** Reads a request frame (without its size) of the API and version that {@link readRequestKind} told. */
export function decodeRequest<Request>(
  api: Api<Request, unknown>,
  frame: Buffer,
): { readonly version: number; readonly header: RequestHeader; readonly request: Request } {
  const from = new Reader(frame);
  const apiKey = from.int16();
  if (apiKey !== api.key) throw new ProtocolError('MALFORMED', `API key ${apiKey} where ${api.name} was expected`);
  const version = from.int16();
  const header = { correlationId: from.int32(), clientId: from.nullableString() };
  from.flexible = version >= api.flexibleFrom;
  from.tags();
  return { version, header, request: api.readRequest(from, version) };
}

/** One response, ready for the socket. */
export function encodeResponse<Response>(
  api: Api<unknown, Response>,
  version: number,
  correlationId: number,
  response: Response,
): Buffer[] {
  const to = new Writer();
  to.int32(0);
  to.int32(correlationId);
  to.flexible = hasHeaderTags(api, version);
  to.tags();
  api.writeResponse(to, response, version);
  return sized(to.finish());
}

/**
 * Reads the response in a frame without its size. Bytes in it (records, assignments) are slices of the frame.
 * @throws ProtocolError `MALFORMED`, `OUT_OF_RANGE`, `UNSUPPORTED_VERSION`
 */
export function decodeResponse<Response>(api: Api<unknown, Response>, version: number, frame: Buffer): Response {
  const from = new Reader(frame, 4);
  from.flexible = hasHeaderTags(api, version);
  from.tags();
  return api.readResponse(from, version);
}

/** The correlation id that a response frame (without its size) begins with. */
export const readCorrelationId = (frame: Buffer): number => new Reader(frame).int32();

const hasHeaderTags = (api: Api<unknown, unknown>, version: number): boolean =>
  version >= api.flexibleFrom && api.key !== API_VERSIONS;

function sized(chunks: Buffer[]): Buffer[] {
  let size = -4;
  for (const chunk of chunks) size += chunk.length;
  chunks[0]?.writeInt32BE(size, 0);
  return chunks;
}
