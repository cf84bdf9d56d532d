import { declareMethod } from './declarations.js';

/** Which records of its class's `@KafkaListener` a method handles. */
export interface KafkaHandlerOptions {
  /** The types it handles, as the listener's `discriminator` tells them. */
  readonly types?: readonly string[];
  /** Whether it also handles what is no other method's. @default false */
  readonly isDefault?: boolean;
}

/**
 * One of the methods among which a `@KafkaListener` on the class chooses: `@KafkaHandler('order-placed')`, or
 * `@KafkaHandler({ isDefault: true })`. A record that none handles fails as `NonRetriable`.
 */
export function KafkaHandler(...types: readonly [string, ...string[]]): MethodDecorator;
export function KafkaHandler(options: KafkaHandlerOptions): MethodDecorator;
export function KafkaHandler(...given: readonly string[] | readonly [KafkaHandlerOptions]): MethodDecorator {
  const [first] = given;
  const options = typeof first === 'object' ? first : { types: given as readonly string[] };
  return (target, method) => {
    const declarations = declareMethod(target, method);
    if (declarations.handler !== undefined) declarations.mistakes.push('has two @KafkaHandler');
    declarations.handler = options;
  };
}
