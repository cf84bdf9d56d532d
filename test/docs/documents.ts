import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root, from `test/dist/docs/`. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export interface Document {
  /** From the root. */
  readonly path: string;
  readonly text: string;
}

export const read = (path: string): Document => ({ path, text: readFileSync(join(ROOT, path), 'utf8') });

const inFolder = (folder: string, ending: string): Document[] =>
  readdirSync(join(ROOT, folder), { encoding: 'utf8', recursive: true })
    .filter((name) => name.endsWith(ending))
    .map((name) => read(join(folder, name)));

/** What a user reads. */
export const documents = (): Document[] => [
  read('README.md'),
  read('DESIGN.md'),
  read('bench/README.md'),
  ...inFolder('docs', '.md'),
];

/** One screen each, with a snippet of its own: it imports the package by its own name. */
export const packageReadmes = (): Document[] =>
  readdirSync(join(ROOT, 'packages')).map((name) => read(join('packages', name, 'README.md')));

/** The programs that the snippets are cut from. */
export const examples = (): Document[] => inFolder('examples/src', '.ts');

/** What ships: the sources of all packages. */
export const sources = (): Document[] =>
  readdirSync(join(ROOT, 'packages')).flatMap((name) => inFolder(join('packages', name, 'src'), '.ts'));

/** The TypeScript blocks of a document. */
export const snippetsOf = ({ text }: Document): string[] =>
  Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), ([, code = '']) => code.trim());

/** The regions of a program between `// docs:begin name` and `// docs:end name`, without their common indentation. */
export const regionsOf = ({ text }: Document): string[] =>
  Array.from(text.matchAll(/^ *\/\/ docs:begin (\S+)\n(.*?)^ *\/\/ docs:end \1$/gms), ([, , code = '']) =>
    withoutIndentation(code),
  );

function withoutIndentation(code: string): string {
  const lines = code.trimEnd().split('\n');
  const indentation = Math.min(...lines.filter((line) => line !== '').map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indentation)).join('\n');
}

/** Links to other files and to headings, resolved from the document's folder; `heading` without the `#`. */
export function linksOf({ path, text }: Document): { target: string; heading: string | undefined }[] {
  const links = Array.from(text.matchAll(/\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)/g));
  return links.map(([, target = '', heading]) => ({
    target: target === '' ? path : relative(ROOT, join(ROOT, dirname(path), target)),
    heading,
  }));
}

/** The anchors that headings of a document get. */
export const headingsOf = ({ text }: Document): string[] =>
  Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
