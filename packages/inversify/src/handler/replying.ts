import { replyTo } from '@hearken/listener';
import type { ConsumerRecord, ProducerRecord } from '@hearken/core';
import type { RecordCall } from './method-call.js';

/** What sends replies: a template, whatever its serdes. */
export interface ReplyTemplate {
  send(record: ProducerRecord<unknown, unknown>): Promise<unknown>;
}

/** A listener whose records end when what it returned was sent; undefined is no reply. */
export const replying =
  (call: RecordCall, template: ReplyTemplate, topic: string | undefined): RecordCall =>
  async (record: ConsumerRecord<unknown, unknown>, context, level) => {
    const value = await call(record, context, level);
    if (value !== undefined) await template.send(replyTo(record, value, topic));
  };
