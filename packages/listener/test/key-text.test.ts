import assert from 'node:assert/strict';
import { keyText } from '../dist/key-text.js';

describe('keyText', () => {
  it('is text where the key is, hexadecimal digits where it is not, and the beginning of what is long', () => {
    assert.equal(keyText(null), null);
    assert.equal(keyText(Buffer.from('Zoë')), 'Zoë');
    assert.equal(keyText(Buffer.from([0xff, 0x00])), '0xff00');
    assert.equal(keyText(Buffer.alloc(100, 'x')), `${'x'.repeat(64)}…`);
  });

  it('is text also where the cut goes through a character', () =>
    assert.equal(keyText(Buffer.from('ë'.repeat(31) + '€€')), `${'ë'.repeat(31)}…`));

  it('is hexadecimal where the text would play tricks on a terminal', () =>
    assert.equal(keyText(Buffer.from('\u001b[2J')), '0x1b5b324a'));
});
