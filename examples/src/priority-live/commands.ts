import type { PolicyName } from '@hearken/priority';
import type { Level } from './levels.js';

/** What a key asks for. */
export type Command =
  | { readonly does: 'policy'; readonly policy: PolicyName }
  | { readonly does: 'pause'; readonly level: Level }
  | { readonly does: 'rush' }
  | { readonly does: 'quit' };

const COMMANDS: Readonly<Record<string, Command>> = {
  w: { does: 'policy', policy: 'weighted' },
  s: { does: 'policy', policy: 'strict' },
  d: { does: 'policy', policy: 'drr' },
  f: { does: 'policy', policy: 'flipkart-burst' },
  0: { does: 'pause', level: 'bulk' },
  1: { does: 'pause', level: 'normal' },
  2: { does: 'pause', level: 'urgent' },
  u: { does: 'rush' },
  q: { does: 'quit' },
  '\x03': { does: 'quit' }, // Ctrl-C, which is no signal while keys are read one by one
};

/** Undefined for a key that means nothing. */
export const commandOf = (key: string): Command | undefined => COMMANDS[key.toLowerCase()];

export const KEYS = [
  'w weighted   s strict   d drr   f flipkart-burst   u a rush of urgent orders',
  '0 1 2 pause bulk, normal or urgent, or let it go on   q quit',
];
