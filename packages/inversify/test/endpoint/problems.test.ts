/* eslint-disable @typescript-eslint/no-unused-vars, @typescript-eslint/no-extraneous-class -- beans that are wrong, and never called */
import assert from 'node:assert/strict';
import { json, KafkaConfigError } from '@hearken/core';
import { KafkaTemplate } from '@hearken/template';
import { FakeProducerFactory } from '@hearken/testing';
import { Container } from 'inversify';
import { z } from 'zod';
import { Context, endpointsOf, Header, KafkaHandler, KafkaListener, Payload, SendTo } from '../../dist/index.js';

const topics = ['orders'];

/** What is wrong with a bean: "path: message" each. */
async function problemsOf(bean: object, container = new Container()): Promise<readonly string[]> {
  try {
    await endpointsOf(bean, container);
    return [];
  } catch (error) {
    assert.ok(error instanceof KafkaConfigError, String(error));
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

/** With a template, so that only what a test is about is wrong. */
function withTemplate(): Container {
  const container = new Container();
  container.bind(KafkaTemplate).toConstantValue(new KafkaTemplate(new FakeProducerFactory()));
  return container;
}

describe('what is wrong with a bean', () => {
  it('is told all at once, by class and method', async () => {
    @KafkaListener({ topics, gruopId: 'g' } as never)
    class Billing {
      @KafkaListener({ topics, concurency: 3 } as never)
      on(@Payload() _order: unknown, _trace: unknown): void {
        return;
      }
      @KafkaListener({ topics, id: '' })
      @KafkaListener({ topics, discriminator: 'type' })
      other(): void {
        return;
      }
    }
    await assert.rejects(endpointsOf(new Billing(), new Container()), {
      code: 'INVALID_CONFIG',
      message: [
        'Billing as a listener bean cannot be used:',
        '  Billing.on: parameter 1 has no decorator, but others have: is it @Payload(), @Record(), @Context()?',
        "  Billing.other.id: must be a non-empty string, got ''",
        '  Billing.other#2.discriminator: is for a @KafkaListener on a class, which has handlers to choose from',
        '  Billing: has a @KafkaListener, but no method has @KafkaHandler',
        "  Billing.on.concurency: is not an option; did you mean 'concurrency'?",
        "  Billing.gruopId: is not an option; did you mean 'groupId'?",
      ].join('\n'),
    });
  });

  it('is a class that listens to nothing', async () => {
    class Billing {}
    assert.deepEqual(await problemsOf(new Billing()), ['Billing: has no @KafkaListener']);
  });

  it('is a handler without a listener on the class', async () => {
    class Billing {
      @KafkaHandler('order')
      on(): void {
        return;
      }
      @KafkaListener({ topics })
      other(): void {
        return;
      }
    }
    assert.deepEqual(await problemsOf(new Billing()), [
      'Billing.on: has @KafkaHandler, but there is no @KafkaListener on its class',
    ]);
  });

  it('are handlers among which nobody could choose', async () => {
    @KafkaListener({ topics, batch: true })
    class Billing {
      @KafkaHandler({ types: ['a'], isDefault: true })
      one(): void {
        return;
      }
      @KafkaHandler('a', 'b')
      two(): void {
        return;
      }
      @KafkaHandler({ isDefault: true })
      three(): void {
        return;
      }
      @KafkaHandler({})
      four(): void {
        return;
      }
      @KafkaHandler('c')
      @KafkaListener({ topics })
      five(): void {
        return;
      }
    }
    assert.deepEqual(await problemsOf(new Billing()), [
      'Billing.five: cannot have both @KafkaListener and @KafkaHandler',
      'Billing: has 2 default handlers: Billing.one, Billing.three',
      "Billing: has 2 handlers for 'a': Billing.one, Billing.two",
      'Billing.four: is a handler of nothing: name a type, or isDefault: true',
      'Billing.batch: cannot be on a class: each record of a batch may be for another handler',
    ]);
  });

  it('are decorators where they cannot be', async () => {
    class Billing {
      @KafkaListener({ topics })
      static on(): void {
        return;
      }
      @SendTo('replies')
      nobody(@Payload() _order: unknown): void {
        return;
      }
      @KafkaListener({ topics, batch: true })
      @SendTo('replies')
      batch(): void {
        return;
      }
      @KafkaListener({ topics })
      @SendTo('replies')
      @SendTo('others')
      twice(): void {
        return;
      }
      @KafkaListener({ topics })
      both(@Header('a') @Context() _context: unknown): void {
        return;
      }
      @KafkaListener({ topics })
      schemas(@Payload(z.string()) _text: string, @Payload(z.string()) _again: string): void {
        return;
      }
    }
    const property = { topics };
    (KafkaListener(property) as unknown as PropertyDecorator)(Billing.prototype, 'field');
    assert.deepEqual(await problemsOf(new Billing(), withTemplate()), [
      'Billing.nobody: has no @KafkaListener for its other decorators',
      'Billing.twice: has two @SendTo',
      "Billing.both: parameter 0 cannot be both @Header('a') and @Context()",
      'Billing.schemas: has two @Payload with a schema',
      'Billing.on: is static: listeners are methods of a bean',
      'Billing.field: is not a method',
      'Billing.batch: cannot have @SendTo with batch: what it returns says which records failed',
    ]);
  });

  it('is a serde that was not called', async () => {
    class Billing {
      @KafkaListener({ topics, valueSerde: json })
      on(): void {
        return;
      }
    }
    const [problem, ...others] = await problemsOf(new Billing());
    assert.match(problem ?? '', /^Billing\.on\.valueSerde: .*json\(\) takes a Standard Schema or nothing, got object$/);
    assert.deepEqual(others, []);
  });

  it('is what the container does not have', async () => {
    const groupId = Symbol('group');
    class Unbound {}
    class Billing {
      @KafkaListener({ topics, groupId, errorHandler: Unbound as never })
      @SendTo()
      on(): void {
        return;
      }
      @KafkaListener({
        topics: () => {
          throw new RangeError('no topics today');
        },
      })
      @SendTo('replies', { template: 'audit' })
      other(): void {
        return;
      }
    }
    const problems = await problemsOf(new Billing());
    assert.deepEqual(problems.map((problem) => problem.slice(0, problem.indexOf(': '))).sort(), [
      'Billing.on @SendTo',
      'Billing.on.errorHandler',
      'Billing.on.groupId',
      'Billing.other @SendTo',
      'Billing.other.topics',
    ]);
    assert.match(problems.join('\n'), /No bindings found for service: "Symbol\(group\)"/);
    assert.match(problems.join('\n'), /other\.topics: cannot be had from the container: RangeError: no topics today/);
  });
});
