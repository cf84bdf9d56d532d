import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProtocolError } from '@hearken/protocol';
import { optionalPackage } from '../../dist/compression/optional-package.js';

describe('optionalPackage', () => {
  let folder: string;
  let require: NodeJS.Require;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hearken-packages-'));
    require = createRequire(join(folder, 'program.js'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function install(name: string, program: string): Promise<void> {
    await mkdir(join(folder, 'node_modules', name), { recursive: true });
    await writeFile(join(folder, 'node_modules', name, 'index.js'), program);
  }

  function refusal(): ProtocolError {
    try {
      optionalPackage('quick', 'snappy', { require, instead: ', or do without' });
    } catch (error) {
      assert.ok(error instanceof ProtocolError);
      assert.equal(error.code, 'UNSUPPORTED_COMPRESSION');
      return error;
    }
    assert.fail('it was loaded');
  }

  it('loads what is there', async () => {
    await install('quick', 'exports.answer = 42');
    assert.deepEqual(optionalPackage('quick', 'snappy', { require }), { answer: 42 });
  });

  it('says how to install what is missing', () => {
    const { message } = refusal();
    const expected = "snappy compression needs the package 'quick', which is not installed: npm i quick, or do without";
    assert.equal(message, expected);
  });

  const broken = {
    'throws while it loads': ['throw new Error("wrong ELF class\\nand more")', /does not load: wrong ELF class$/],
    'misses the binary for this platform': ["require('@quick/linux-x64')", /does not load: Cannot find module '@quick/],
    'throws what is no error': ['throw "no"', /does not load: no$/],
  } as const;
  for (const [what, [program, expected]] of Object.entries(broken)) {
    it(`tells a package that ${what} from one that is missing`, async () => {
      await install('quick', program);
      const { message, cause } = refusal();
      assert.match(message, expected);
      assert.doesNotMatch(message, /npm i/);
      assert.ok(cause !== undefined);
    });
  }

  it('tells a package without its files from one that is missing', async () => {
    await install('quick', '');
    await rm(join(folder, 'node_modules', 'quick', 'index.js'));
    await writeFile(join(folder, 'node_modules', 'quick', 'package.json'), '{ "main": "gone.js" }');
    assert.match(refusal().message, /installed but does not load/);
  });
});
