import type { Paint, Style } from './panel.js';

/** Standard input in a terminal, as far as it is used. */
export interface Input {
  setRawMode(isRaw: boolean): unknown;
  on(name: 'data', listener: (keys: Buffer) => void): unknown;
  off(name: 'data', listener: (keys: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

/** Standard output in a terminal, as far as it is used. */
export interface Output {
  hasColors(): boolean;
  write(text: string): unknown;
}

const STYLES: Readonly<Record<Style, number>> = { bold: 1, dim: 2, green: 32, yellow: 33 };
/** The other screen, without a cursor; lines that are too long are cut off. And back. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';

/** A whole terminal to draw on, key by key; what stood there is there again when it is closed. */
export class Terminal {
  readonly #input: Input;
  readonly #output: Output;
  readonly #read: (keys: Buffer) => void;

  constructor(input: Input, output: Output, onKey: (key: string) => void) {
    this.#input = input;
    this.#output = output;
    this.#read = (keys) => {
      for (const key of keys.toString()) onKey(key);
    };
    output.write(ENTER);
    input.setRawMode(true);
    input.on('data', this.#read);
    input.resume();
  }

  /** Colours unless NO_COLOR is set, which `hasColors` looks at. */
  readonly paint: Paint = (style, text) => (this.#output.hasColors() ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text);

  /** From the top, over what was drawn before. */
  draw(lines: readonly string[]): void {
    this.#output.write(`\x1b[H${lines.map((line) => `${line}\x1b[K\r\n`).join('')}\x1b[J`);
  }

  close(): void {
    this.#input.off('data', this.#read);
    this.#input.setRawMode(false);
    this.#input.pause();
    this.#output.write(LEAVE);
  }
}
