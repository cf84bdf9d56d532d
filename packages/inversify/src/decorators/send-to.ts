import type { KafkaTemplate } from '@hearken/template';
import type { Attribute, Token } from '../endpoint/attribute.js';
import { declareMethod } from './declarations.js';

export interface SendToOptions {
  /** What sends: the name under which the module has a template, or what one is bound under. @default KafkaTemplate */
  readonly template?: string | Token<KafkaTemplate<never, never>>;
}

/** What `@SendTo` said. */
export interface ReplyDeclaration extends SendToOptions {
  readonly topic: Attribute<string> | undefined;
}

/**
 * Sends what the method returns, unless that is undefined, and ends the record when it was sent: to this topic, or without one
 * to where the request wants its reply. It carries the key and the correlation id of the request: what Spring's `@SendTo`
 * sends, and what a `ReplyingKafkaTemplate` of either side waits for.
 */
export const SendTo =
  (topic?: Attribute<string>, options: SendToOptions = {}): MethodDecorator =>
  (target, method) => {
    const declarations = declareMethod(target, method);
    if (declarations.reply !== undefined) declarations.mistakes.push('has two @SendTo');
    declarations.reply = { ...options, topic };
  };
