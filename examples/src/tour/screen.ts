const BAR_WIDTH = 30;
const REDRAW_MS = 80;
const BOLD = 1;
const GREEN = 32;
const RED = 31;

/** Standard output, as far as it is looked at. */
export interface Output {
  readonly isTTY?: boolean;
  hasColors?(): boolean;
  write(text: string): unknown;
}

/**
 * Where the tour is shown: with a bar that moves and, unless NO_COLOR is set, colours in a terminal; as plain lines in a file
 * or a pipe. A bar is so little that no library is taken for it.
 */
export class Screen {
  readonly #out: Output;
  readonly #isTerminal: boolean;
  readonly #hasColors: boolean;

  constructor(out: Output) {
    this.#out = out;
    this.#isTerminal = out.isTTY === true && process.env.TERM !== 'dumb';
    this.#hasColors = this.#isTerminal && out.hasColors?.() === true; // which looks at NO_COLOR
  }

  line(text = ''): void {
    this.#out.write(`${text}\n`);
  }

  heading(text: string): void {
    this.line(`\n${this.#styled(text, BOLD)}`);
  }

  readonly good = (text: string): string => this.#styled(text, GREEN);
  readonly bad = (text: string): string => this.#styled(text, RED);

  /**
   * Shows how far something is until it ends, then one line with its throughput.
   * @param done how many of the `total` there are now
   */
  async progress<T>(title: string, total: number, done: () => number, work: Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const text = (): string => {
      const perSecond = Math.round((done() / (performance.now() - startedAt)) * 1_000);
      return `${title}  ${count(done())} of ${count(total)}  ${count(perSecond)}/s`;
    };
    const redraw = (): void => void this.#out.write(`\r\x1b[2K  ${bar(done() / total)}  ${text()}`);
    const timer = this.#isTerminal ? setInterval(redraw, REDRAW_MS) : undefined;
    try {
      return await work;
    } finally {
      clearInterval(timer);
      this.line(`${this.#isTerminal ? '\r\x1b[2K' : ''}  ${text()}`);
    }
  }

  #styled(text: string, style: number): string {
    return this.#hasColors ? `\x1b[${style}m${text}\x1b[0m` : text;
  }
}

function bar(share: number): string {
  const filled = Math.round(BAR_WIDTH * Math.min(1, share));
  return '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
}

/** With its thousands set apart. */
export const count = (number: number): string => number.toLocaleString('en-US');
