/** Whether an id is meant: `*` stands for any signs, `?` for one. */
export function idPattern(glob: string): (id: string) => boolean {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const pattern = new RegExp(`^${source}$`, 's');
  return (id) => pattern.test(id);
}
