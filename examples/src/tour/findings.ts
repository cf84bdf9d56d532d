import type { Screen } from './screen.js';

interface Finding {
  readonly claim: string;
  readonly holds: boolean;
  readonly detail: string;
}

/** What the tour has proved so far. */
export class Findings {
  readonly #findings: Finding[] = [];

  get ok(): boolean {
    return this.#findings.every(({ holds }) => holds);
  }

  /** @param detail the figures behind it */
  check(claim: string, holds: boolean, detail: string): void {
    this.#findings.push({ claim, holds, detail });
  }

  print(screen: Screen): void {
    const width = Math.max(...this.#findings.map(({ claim }) => claim.length));
    for (const { claim, holds, detail } of this.#findings) {
      const verdict = holds ? screen.good('ok    ') : screen.bad('FAILED');
      screen.line(`${verdict}  ${claim.padEnd(width)}  ${detail}`);
    }
  }
}
