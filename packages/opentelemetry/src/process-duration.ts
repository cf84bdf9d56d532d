import { metrics, type Attributes, type Histogram, type Meter, type MeterProvider } from '@opentelemetry/api';
import { ATTRIBUTE, errorTypeOf, naming } from './attributes.js';
import { observe } from './observe.js';

/** Bounds of the buckets in seconds, as the conventions want them for every duration of messaging. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** `messaging.process.duration` of the conventions: how long attempts took, and how they ended. */
export class ProcessDuration {
  readonly #named = naming(process.env.OTEL_SEMCONV_STABILITY_OPT_IN);
  readonly #meter: Meter | undefined;
  #provider: MeterProvider | undefined;
  #histogram: Histogram | undefined;

  /** @param meter the global provider's, if undefined */
  constructor(meter: Meter | undefined) {
    this.#meter = meter;
  }

  /**
   * Calls `next` and records how long that took. It throws or rejects as `next` does.
   * @param errorsIn the errors that are in what `next` returned
   */
  of(
    attempt: { readonly topic: string; readonly groupId: string | undefined; readonly more: Attributes | undefined },
    next: () => unknown,
    errorsIn: (result: unknown) => readonly unknown[] = () => [],
  ): unknown {
    const histogram = this.#current();
    const begun = performance.now();
    const ended = (errors: readonly unknown[]): void =>
      histogram.record(
        (performance.now() - begun) / 1000,
        this.#named({
          ...attempt.more,
          [ATTRIBUTE.system]: 'kafka',
          [ATTRIBUTE.operationName]: 'process',
          [ATTRIBUTE.topic]: attempt.topic,
          // An SDK keeps an attribute that is undefined.
          ...(attempt.groupId !== undefined && { [ATTRIBUTE.group]: attempt.groupId }),
          ...(errors.length > 0 && { [ATTRIBUTE.errorType]: errorTypeOf(errors[0]) }),
        }),
      );
    return observe(next, { returned: (result) => ended(errorsIn(result)), failed: (error) => ended([error]) });
  }

  /** Meters, other than tracers, stay the ones of the provider that was registered when they were asked for. */
  #current(): Histogram {
    const provider = metrics.getMeterProvider();
    if (this.#histogram === undefined || (this.#meter === undefined && provider !== this.#provider)) {
      this.#provider = provider;
      const meter = this.#meter ?? provider.getMeter('@hearken/opentelemetry');
      this.#histogram = meter.createHistogram('messaging.process.duration', {
        description: 'Duration of processing operation.',
        unit: 's',
        advice: { explicitBucketBoundaries: BOUNDS },
      });
    }
    return this.#histogram;
  }
}
