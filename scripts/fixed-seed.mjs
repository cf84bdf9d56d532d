// What laws are tried with is the same in every run: one that fails says something of what was changed, and nothing of luck.
// HEARKEN_SEED=… is another beginning; `npm run test:soak` looks for what no run has tried.
// An ES module, as the tests are: fast-check keeps its settings in the module, and has another one for CommonJS.
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env.HEARKEN_SEED ?? 1) });
