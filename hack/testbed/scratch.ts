import { globSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Nothing here takes longer to make than this by far. */
const ABANDONED_MS = 2 * 3_600_000;

/** A new folder for something that is being made; those go whose makers were killed before they could remove them. */
export function scratch(within: string, name: string): string {
  for (const left of globSync(`${name}-??????{,.tar}`, { cwd: within }).map((found) => join(within, found)))
    if ((statSync(left, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < Date.now() - ABANDONED_MS)
      rmSync(left, { recursive: true, force: true });
  return mkdtempSync(join(within, `${name}-`));
}
