import { globSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** One import or re-export of a source file. */
export interface Import {
  /** A path from the project's root for our own files, else the package or `node:` name as written. */
  readonly target: string;
  /** Only types come through this import: nothing of the target runs because of it. */
  readonly typeOnly: boolean;
}

/** A source file as the checks see it. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** All sources of the project, by path. */
export type Sources = ReadonlyMap<string, Source>;

const FROM = /^(?:import|export)\s+(?<type>type\s)?(?<names>[^'"`;]*?)\s*from\s*'(?<target>[^']+)'/gm;
const BARE = /^import\s*'(?<target>[^']+)'/gm;
const DYNAMIC = /\bimport\('(?<target>[^']+)'\)/g;

/** Reads one source file's imports from its text. */
export function parseSource(path: string, text: string): Source {
  const imports = [
    ...[...text.matchAll(FROM)].map(({ groups }) => ({
      target: groups?.['target'] ?? '',
      typeOnly: isTypeOnly(groups?.['type'], groups?.['names'] ?? ''),
    })),
    ...[...text.matchAll(BARE), ...text.matchAll(DYNAMIC)].map(({ groups }) => ({ target: groups?.['target'] ?? '', typeOnly: false })),
  ];
  return { path, text, imports: imports.map((found) => ({ ...found, target: resolveFrom(path, found.target) })) };
}

/** Reads all our sources below the working directory. */
export function readSources(): Sources {
  const paths = globSync('{api,controllers,webhooks,proto,hack,test}/**/*.ts', { exclude: ['proto/gen/**', '**/node_modules/**'] });
  return new Map(paths.sort().map((path) => [path, parseSource(path, readFileSync(path, 'utf8'))]));
}

/** Whether a file is a test or serves tests only. */
export function isTest(path: string): boolean {
  return path.startsWith('test/') || path.endsWith('.test.ts');
}

function isTypeOnly(keyword: string | undefined, names: string): boolean {
  if (keyword !== undefined) return true;
  const inner = /^\{(?<inner>[\s\S]*)\}$/.exec(names.trim())?.groups?.['inner'];
  if (inner === undefined) return false;
  const parts = inner
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return parts.length > 0 && parts.every((part) => part.startsWith('type '));
}

function resolveFrom(path: string, target: string): string {
  return target.startsWith('.') ? posix.normalize(posix.join(posix.dirname(path), target)) : target;
}
