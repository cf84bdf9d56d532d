import type { Api, VersionRange } from '@hearken/protocol';

/** Who asks, and how. */
export interface RequestContext {
  readonly version: number;
  readonly clientId: string | null;
  /** As group descriptions show it: `'/127.0.0.1'`. */
  readonly clientHost: string;
  /** The broker that was asked. */
  readonly nodeId: number;
  /** Aborted when the connection closes: who waits for something (a fetch, a join) gives up. */
  readonly signal: AbortSignal;
}

/** One API of the broker: what it answers, and how it says no. */
export interface Handler<Request = unknown, Response = unknown> {
  readonly api: Api<Request, Response>;
  /** What ApiVersions tells, where it differs from what {@link api} reads. */
  readonly advertised?: VersionRange;
  /** `undefined`: no answer is due (Produce with `acks` 0). A rejection closes the connection. */
  handle(request: Request, context: RequestContext): Response | undefined | Promise<Response | undefined>;
  /** The answer in which everything that can carry an error code carries this one. */
  refuse(request: Request, errorCode: number, context: RequestContext): Response;
}

/** Thrown by a handler for which closing the connection is the answer, as in Kafka: no bug, so not logged as one. */
export class ClosesConnection extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ClosesConnection';
  }
}
