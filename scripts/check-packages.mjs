// `npm run check:packages`: what would be published, as npm packs it: its files, its exports (publint), and its types as
// every kind of importer resolves them (attw).
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { npm, ROOT } from './setup.mjs';

const WANTED = ['package.json', 'README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', 'src/index.ts'];
const UNWANTED = /tsbuildinfo|(^|\/)(dist-test|test)\//;

const folder = mkdtempSync(join(tmpdir(), 'hearken-packages-'));
const problems = [];
try {
  for (const { name, tarball, files } of packAll()) {
    checkFiles(name, files);
    checkLicense(name);
    tool(name, 'publint', 'publint/src/cli.js', ['run', tarball, '--strict']);
    tool(name, 'attw', '@arethetypeswrong/cli/dist/index.js', [tarball, '--profile', 'esm-only', '--format', 'ascii']);
    console.log(`${name}: ${files.length} files`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

function packAll() {
  const packed = npm(['pack', '--json', '--workspace', 'packages', '--pack-destination', folder], { stdio: 'pipe' });
  return JSON.parse(packed).map(({ name, filename, files }) => ({
    name,
    tarball: join(folder, filename),
    files: files.map(({ path }) => path),
  }));
}

function checkFiles(name, files) {
  for (const file of WANTED) if (!files.includes(file)) problems.push(`${name} lacks ${file}`);
  for (const file of files) if (UNWANTED.test(file)) problems.push(`${name} has ${file}`);
}

function checkLicense(name) {
  const own = join(ROOT, 'packages', name.replace('@hearken/', ''), 'LICENSE');
  if (readFileSync(own, 'utf8') !== readFileSync(join(ROOT, 'LICENSE'), 'utf8')) {
    problems.push(`${name} has another LICENSE than the repository`);
  }
}

function tool(name, title, script, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (status !== 0) problems.push(`${title} on ${name}:\n${stdout}${stderr}`);
}
