import { KafkaConfigError, type ConfigProblem } from './errors.js';
import { didYouMean, orKnown } from './nearest.js';

/**
 * One option: what it must be and what it is if absent. `check` says what is wrong with a value that was given (it never
 * sees undefined), or undefined if nothing is; the message is read after the option's path: "must be …".
 */
export interface OptionRule<T> {
  readonly check: (value: unknown) => string | undefined;
  readonly default: T;
  readonly required?: boolean;
}

/** A rule for each option a user may write. */
export type OptionRules<Resolved> = { readonly [Name in keyof Resolved]-?: OptionRule<Resolved[Name]> };

/**
 * Gathers everything wrong with what a user wrote, over any number of option objects, and throws it all at once. Option
 * objects are resolved once, in one place; the rest of the code sees frozen results only.
 */
export class OptionsCheck {
  readonly #subject: string;
  readonly #problems: ConfigProblem[] = [];

  /** @param subject what the options are for, as the error names it: "MessageListenerContainer" */
  constructor(subject: string) {
    this.#subject = subject;
  }

  /** Whether nothing is wrong so far. */
  get ok(): boolean {
    return this.#problems.length === 0;
  }

  /** Whether nothing is wrong with these so far: what they are together can be judged only then. */
  isFine(...paths: readonly string[]): boolean {
    return !this.#problems.some(({ path }) => paths.includes(path));
  }

  /** Reports a problem that no single rule sees, such as an impossible pair. */
  problem(path: string, message: string): void {
    this.#problems.push({ path, message });
  }

  /**
   * Checks `given` by `rules` and fills in the defaults. Unknown names are problems, with the nearest valid name.
   * An option given as undefined counts as absent. The caller's object is never written to.
   * @param path where the object stands in what the user wrote; '' at the top
   */
  resolve<Resolved extends object>(given: unknown, rules: OptionRules<Resolved>, path = ''): Readonly<Resolved> {
    const at = (name: string): string => (path === '' ? name : `${path}.${name}`);
    if (given !== undefined && !isPlainObject(given)) {
      this.problem(path === '' ? 'options' : path, `must be an object, got ${describe(given)}`);
      given = undefined;
    }
    const written = (given ?? {}) as Record<string, unknown>;
    const names = Object.keys(rules);
    for (const name of Object.keys(written)) {
      if (!Object.hasOwn(rules, name)) this.problem(at(name), unknownName(name, names));
    }
    const resolved: Record<string, unknown> = {};
    for (const name of names) {
      const rule = rules[name as keyof Resolved];
      const value = written[name];
      resolved[name] = value === undefined ? rule.default : value;
      if (value === undefined) {
        if (rule.required === true) this.problem(at(name), 'is required');
        continue;
      }
      const message = rule.check(value);
      if (message !== undefined) this.problem(at(name), message);
    }
    return Object.freeze(resolved) as Readonly<Resolved>;
  }

  /** @throws KafkaConfigError if there is any problem */
  throwIfAny(): void {
    if (this.#problems.length > 0) throw new KafkaConfigError(this.#subject, this.#problems);
  }
}

const rule = <T>(defaultValue: T, check: (value: unknown) => string | undefined): OptionRule<T> => ({
  default: defaultValue,
  check,
});

/** A whole number within bounds. */
export const integer = <D extends number | undefined>(
  defaultValue: D,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number } = {},
): OptionRule<number | D> =>
  rule<number | D>(defaultValue, (value) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : `must be a whole number ${bounds(min, max)}, got ${describe(value)}`,
  );

/** Any number above 0, whole or not. */
export const positive = <D extends number | undefined>(
  defaultValue: D,
  { max }: { readonly max: number },
): OptionRule<number | D> =>
  rule<number | D>(defaultValue, (value) =>
    typeof value === 'number' && value > 0 && value <= max
      ? undefined
      : `must be a number above 0 and up to ${max}, got ${describe(value)}`,
  );

/** A duration in milliseconds: a whole number, at most what a timer can hold. */
export const durationMs = <D extends number | undefined>(
  defaultValue: D,
  { min = 0, max = 2 ** 31 - 1 }: { readonly min?: number; readonly max?: number } = {},
): OptionRule<number | D> => integer(defaultValue, { min, max });

export const boolean = <D extends boolean | undefined>(defaultValue: D): OptionRule<boolean | D> =>
  rule<boolean | D>(defaultValue, (value) =>
    typeof value === 'boolean' ? undefined : `must be true or false, got ${describe(value)}`,
  );

/** A name that goes to the broker. */
export const text = <D extends string | undefined>(defaultValue: D): OptionRule<string | D> =>
  rule<string | D>(defaultValue, (value) => {
    if (typeof value !== 'string' || value === '') return `must be a non-empty string, got ${describe(value)}`;
    const bytes = Buffer.byteLength(value);
    return bytes <= MAX_TEXT_BYTES ? undefined : `must be at most ${MAX_TEXT_BYTES} bytes, got ${bytes}`;
  });

/** What Kafka's protocol can hold. */
const MAX_TEXT_BYTES = 2 ** 15 - 1;

/** With more than this who meant another is told of that alone. */
const MOST_LISTED = 10;

/** One of some strings. */
export const oneOf = <const V extends readonly string[], D extends V[number] | undefined>(
  values: V,
  defaultValue: D,
): OptionRule<V[number] | D> =>
  rule<V[number] | D>(defaultValue, (value) => {
    if (values.includes(value as string)) return undefined;
    const hint = didYouMean(value, values);
    const isLong = values.length > MOST_LISTED && hint !== '';
    return `${isLong ? 'is none' : `must be ${listed(values)}`}, got ${describe(value)}${hint}`;
  });

/** A function, or an object with the methods named. */
export const callable = <T>(...methods: readonly string[]): OptionRule<T | undefined> =>
  rule<T | undefined>(undefined, (value) => {
    if (methods.length === 0)
      return typeof value === 'function' ? undefined : `must be a function, got ${describe(value)}`;
    if (hasMethods(value, methods)) return undefined;
    const called = typeof value === 'function' ? '; is it to be called, as in json()?' : '';
    return `must have the method${methods.length > 1 ? 's' : ''} ${methods.join(', ')}, got ${describe(value)}${called}`;
  });

/** Whatever `check` accepts. */
export const custom = <T>(defaultValue: T, check: (value: unknown) => string | undefined): OptionRule<T> =>
  rule(defaultValue, check);

/** The same rule, but the option must be given. Its type loses the undefined that absence would have brought. */
export const required = <T>(optional: OptionRule<T>): OptionRule<Exclude<T, undefined>> => ({
  check: optional.check,
  default: undefined as Exclude<T, undefined>, // never seen: an absent required option is a problem
  required: true,
});

/** Whether `value` is an object that has all these methods. */
export const hasMethods = (value: unknown, methods: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  methods.every((method) => typeof (value as Record<string, unknown>)[method] === 'function');

/** The value as an error message shows it: short, and never a secret's whole text. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return value.length > 40 ? `'${value.slice(0, 40)}…'` : `'${value}'`;
  if (value === null) return 'null';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'object') return describeObject(value);
  if (typeof value === 'function') return isClass(value) ? `the class ${value.name || 'without a name'}` : 'a function';
  return typeof value === 'symbol' ? value.toString() : `${value as number | boolean | bigint | undefined}`;
}

const isClass = (value: object): value is { readonly name: string } =>
  Function.prototype.toString.call(value).startsWith('class');

/** "an object", or what made it: "a Date". */
function describeObject(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown };
  const name = typeof constructor === 'function' && constructor !== Object ? constructor.name : '';
  if (name === '') return 'an object';
  return `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`;
}

const isPlainObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

const bounds = (min: number, max: number): string =>
  max === Number.MAX_SAFE_INTEGER ? `>= ${min}` : `from ${min} to ${max}`;

const listed = (values: readonly string[]): string => values.map((value) => `'${value}'`).join(' or ');

const unknownName = (name: string, names: readonly string[]): string => `is not an option${orKnown(name, names)}`;
