import { isTest, type Source, type Sources } from './sources.ts';

/** Which packages may be imported where, the most specific place first; what is left out may import none. `node:` stands for all of Node's own. */
const PACKAGES: readonly (readonly [place: RegExp, packages: readonly string[]])[] = [
  [/^api\/meta\/builtin\.ts$/, ['@kubernetes/client-node']],
  [/^api\//, []],
  [/^controllers\/runtime\//, ['@kubernetes/client-node', 'undici', 'prom-client', 'node:']],
  [/^controllers\/[^/]+\//, ['node:']],
  [/^controllers\//, ['@dot-i/k8s-operator', 'winston', 'node:']],
];

/** Packages that a shipped file must not import where it stands. */
export function strayPackages(sources: Sources): readonly string[] {
  return shipped(sources).flatMap(({ path, imports }) => {
    const allowed = PACKAGES.find(([place]) => place.test(path))?.[1] ?? [];
    const isAllowed = (target: string) => allowed.some((name) => (name.endsWith(':') ? target.startsWith(name) : target === name));
    const stray = imports.filter(({ target }) => !target.endsWith('.ts') && !isAllowed(target));
    return stray.map(({ target }) => `${path} must not import ${target}: only ${allowed.join(', ') || 'our own files'} there`);
  });
}

const NUMBER = /^(?:export )?const (?<name>[A-Z][A-Z0-9_]*)(?:: number)? = [-\d(]/;

/** Numbers with a meaning in operation that do not say where they come from. */
export function unexplainedNumbers(sources: Sources): readonly string[] {
  return shipped(sources).flatMap(({ path, text }) => {
    const lines = text.split('\n');
    return lines.flatMap((line, at) => {
      const name = NUMBER.exec(line)?.groups?.['name'];
      if (name === undefined || isExplained(lines, at)) return [];
      return [`${path}:${at + 1} ${name} does not say where its value comes from`];
    });
  });
}

/** A comment explains the constants that follow it without a gap. */
const isExplained = (lines: readonly string[], at: number): boolean => {
  const above = lines.slice(0, at).findLast((line) => !NUMBER.test(line));
  return above?.trimEnd().endsWith('*/') === true || above?.trim().startsWith('//') === true;
};

/** Half of the shipped files are shorter than this: what grows beyond is split before it is the rule. */
const LONGEST_MEDIAN = 150;

/** Whether files grew long as a habit. */
export function longFiles(sources: Sources): readonly string[] {
  const lengths = shipped(sources)
    .map(({ text }) => text.split('\n').length)
    .toSorted((a, b) => a - b);
  const median = lengths[Math.floor(lengths.length / 2)] ?? 0;
  return median > LONGEST_MEDIAN ? [`the median of shipped files is ${median} lines, more than ${LONGEST_MEDIAN}`] : [];
}

const ROOM = /^controllers\/(?!runtime\/|drivers\/)[^/]+\/controller\.ts$/;

/** Kinds and rooms that nothing knows of: they would be neither installed nor run, and nothing would complain. */
export function unlisted(sources: Sources): readonly string[] {
  const known = (list: string) => new Set(sources.get(list)?.imports.map(({ target }) => target) ?? []);
  const kinds = known('api/kinds.ts');
  const rooms = known('controllers/rooms.ts');
  return shipped(sources).flatMap(({ path, text }) => {
    if (/= crd[(<]/.test(text) && !kinds.has(path)) return [`${path} is not in api/kinds.ts: its CRD would not be made`];
    if (ROOM.test(path) && !rooms.has(path)) return [`${path} is not in controllers/rooms.ts: it would never run`];
    return [];
  });
}

const LINK = /\]\((?<target>[^)\s#]+)(?:#[^)]*)?\)/g;

/** Links of a page to files that are not there. */
export function deadLinks(page: string, text: string, exists: (path: string) => boolean): readonly string[] {
  const folder = page.includes('/') ? page.slice(0, page.lastIndexOf('/') + 1) : '';
  const targets = [...text.matchAll(LINK)].map(({ groups }) => groups?.['target'] ?? '').filter((target) => !/^[a-z]+:/.test(target));
  return targets.filter((target) => !exists(`${folder}${target}`)).map((target) => `${page} links to ${target}, which is not there`);
}

const shipped = (sources: Sources): readonly Source[] =>
  [...sources.values()].filter(({ path }) => /^(api|controllers|webhooks)\//.test(path) && !isTest(path));
