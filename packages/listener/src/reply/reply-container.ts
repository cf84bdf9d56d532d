import type { Clock, ConsumerFactory, ConsumerRecord, Logger } from '@hearken/core';
import { MessageListenerContainer } from '../message-listener-container.js';

export interface ReplyContainerInit {
  readonly topic: string;
  /** Nobody else's. */
  readonly groupId: string;
  readonly onReply: (reply: ConsumerRecord) => void;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Reads a reply topic from where it ended when the first request was about to leave. A partition that is met later was added
 * meanwhile, and is read from its beginning: replies may be there already. One that comes back goes on where it was.
 */
export function replyContainer(
  consumerFactory: ConsumerFactory,
  { topic, groupId, onReply, clock, logger }: ReplyContainerInit,
): MessageListenerContainer {
  let hasBegun = false;
  return new MessageListenerContainer(
    readingAll(consumerFactory),
    {
      topics: [topic],
      groupId,
      listener: onReply,
      missingTopicsFatal: true,
      rebalanceListener: {
        async onPartitionsAssigned(partitions, container) {
          if (hasBegun || partitions.length === 0) return;
          await container.seekToEnd(partitions);
          hasBegun = true;
        },
      },
    },
    { clock, logger },
  );
}

/**
 * From the beginning of what is there, whatever the factory's user wants of listeners: only where the topic was deleted and made
 * anew, or its records were, is there a choice left, and a reply may have come before that was found out.
 */
const readingAll = (factory: ConsumerFactory): ConsumerFactory => ({
  groupId: factory.groupId,
  maxPollIntervalMs: factory.maxPollIntervalMs,
  ...(factory.fetchMaxBytes === undefined ? {} : { fetchMaxBytes: factory.fetchMaxBytes }),
  createConsumer: (overrides) => factory.createConsumer({ ...overrides, autoOffsetReset: 'earliest' }),
});
