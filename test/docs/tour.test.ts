import assert from 'node:assert/strict';
import { join } from 'node:path';
import { deferred } from '@hearken/core/internal';
import { Recorder } from '@hearken/testing';
import type * as findings from '../../examples/src/tour/findings.js';
import type * as screen from '../../examples/src/tour/screen.js';
import { ROOT } from './documents.js';

/** A terminal or a pipe, and what was written to it. */
class Paper {
  readonly writings = new Recorder<string>();
  readonly isTTY: boolean;
  readonly #colors: boolean;

  constructor({ isTTY, colors }: { isTTY: boolean; colors: boolean }) {
    this.isTTY = isTTY;
    this.#colors = colors;
  }

  readonly write = this.writings.record;

  hasColors(): boolean {
    return this.#colors;
  }

  get written(): string {
    return this.writings.items.join('');
  }
}

const pipe = (): Paper => new Paper({ isTTY: false, colors: false });
const terminal = (colors = true): Paper => new Paper({ isTTY: true, colors });

describe('the tour', () => {
  let Screen: typeof screen.Screen;
  let Findings: typeof findings.Findings;
  before(async () => {
    ({ Screen } = (await import(join(ROOT, 'examples/dist/tour/screen.js'))) as typeof screen);
    ({ Findings } = (await import(join(ROOT, 'examples/dist/tour/findings.js'))) as typeof findings);
  });

  it('fails as a whole when one finding does, and shows which', () => {
    const output = pipe();
    const findings = new Findings();
    findings.check('this holds', true, '1 of 1');
    assert.equal(findings.ok, true);
    findings.check('that does not', false, '0 of 1');
    findings.print(new Screen(output));
    assert.equal(findings.ok, false);
    assert.equal(output.written, 'ok      this holds     1 of 1\nFAILED  that does not  0 of 1\n');
  });

  it('moves a bar in a terminal, until the work ends', async () => {
    const output = terminal();
    const work = deferred<string>();
    let done = 5;
    const shown = new Screen(output).progress('handled', 10, () => done, work.promise);
    await output.writings.received(1);
    assert.match(output.written, /\r.*█{15}░{15} {2}handled {2}5 of 10 {2}[\d,]+\/s$/);
    done = 10;
    work.resolve('over');
    assert.equal(await shown, 'over');
    assert.match(output.written, /handled {2}10 of 10 {2}[\d,]+\/s\n$/);
  });

  it('writes plain lines elsewhere, and no colours where there are to be none', async () => {
    const plain = pipe();
    await new Screen(plain).progress('handled', 1, () => 1, Promise.resolve());
    new Screen(plain).heading('Proved');
    assert.match(plain.written, /^ {2}handled {2}1 of 1 {2}[\d,]+\/s\n\nProved\n$/);
    for (const [paper, text] of [
      [terminal(), '\n\u001b[1mProved\u001b[0m\n'],
      [terminal(false), '\nProved\n'],
    ] as const) {
      new Screen(paper).heading('Proved');
      assert.equal(paper.written, text);
    }
  });
});
