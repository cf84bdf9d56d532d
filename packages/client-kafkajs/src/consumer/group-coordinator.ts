import { codeOf } from '@hearken/core';
import type { Api } from '@hearken/protocol';
import { brokerError } from '../errors.js';
import type { SendOptions } from '../net/connection.js';
import type { ConsumerContext } from './consumer-context.js';

/** Codes of a coordinator that is not one any more, or cannot be reached: the next request looks it up again. */
const MOVED = [
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'CONNECTION_FAILED',
  'CONNECTION_CLOSED',
  'REQUEST_TIMED_OUT',
];

/** The broker that coordinates the group, wherever it is at the moment. */
export class GroupCoordinator {
  readonly groupId: string;
  readonly #context: ConsumerContext;
  /** Where the last request went, unless that turned out to be wrong. */
  #nodeId: number | undefined;

  constructor(context: ConsumerContext, groupId: string) {
    this.#context = context;
    this.groupId = groupId;
  }

  /** Whether it was found, and not lost since. */
  get isKnown(): boolean {
    return this.#nodeId !== undefined;
  }

  /**
   * @param role 'group' for what may be held back until the whole group has answered, so that nothing else waits behind it
   */
  async send<Request, Response>(
    role: 'group' | 'control' | 'spare',
    api: Api<Request, Response>,
    request: Request | ((version: number) => Request),
    options?: SendOptions,
  ): Promise<Response> {
    const { cluster } = this.#context;
    try {
      this.#nodeId = await cluster.coordinator(this.groupId);
      return await cluster.send(this.#nodeId, role, api, request, options);
    } catch (error) {
      this.#forgetIfMoved(codeOf(error));
      throw error;
    }
  }

  /** @throws KafkaBrokerError if the code is not 0 */
  check(errorCode: number, hint?: string): void {
    if (errorCode === 0) return;
    const error = brokerError(errorCode, `group ${this.groupId}`, hint);
    this.#forgetIfMoved(error.code);
    throw error;
  }

  #forgetIfMoved(code: string | undefined): void {
    if (code === undefined || !MOVED.includes(code)) return;
    this.#nodeId = undefined;
    this.#context.cluster.forgetCoordinator(this.groupId);
  }
}
