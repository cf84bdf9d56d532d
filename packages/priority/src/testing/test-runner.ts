/** The two functions of a test runner that the suites call; mocha's and node:test's fit. */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => void | Promise<void>) => unknown;
}

/** The runner whose functions are globals. */
export function globalRunner(): TestRunner {
  const { describe, it } = globalThis as Partial<TestRunner>;
  if (describe !== undefined && it !== undefined) return { describe, it };
  throw new Error('there is no global describe and it: run under mocha, or pass the functions of another test runner');
}
