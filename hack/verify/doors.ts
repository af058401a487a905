import { isTest, type Sources } from './sources.ts';

/** The rooms of the house, the most specific first. What the pattern matches is the room's home: inside it, everything may see everything. */
const ROOMS: readonly (readonly [kind: string, home: RegExp])[] = [
  ['meta', /^api\/meta\//],
  ['api', /^api\//],
  ['proto', /^proto\//],
  ['runtime', /^controllers\/runtime\//],
  ['driver', /^controllers\/drivers\/[^/]+/],
  ['controller', /^controllers\/[^/]+\//],
  ['entry', /^controllers\//],
  ['webhooks', /^webhooks\//],
  ['hack', /^hack\//],
  ['test', /^test\//],
];

const SHIPPED = ['meta', 'api', 'proto', 'runtime', 'driver', 'controller', 'entry', 'webhooks'];

/** Which other rooms a kind of room may look into. */
const OPEN: Readonly<Record<string, readonly string[]>> = {
  meta: [],
  api: ['meta'],
  proto: [],
  runtime: ['meta'],
  driver: ['proto'],
  controller: ['meta', 'api', 'runtime', 'driver'],
  entry: SHIPPED,
  webhooks: ['meta', 'api'],
  hack: [...SHIPPED, 'test'],
  test: [...SHIPPED, 'hack'],
};

/** Doors that single files have beyond those of their room. */
const SIDE_DOORS: readonly (readonly [from: RegExp, to: RegExp])[] = [
  // Amounts are compared as everywhere: exactly, and without looking at the world.
  [/^webhooks\//, /^controllers\/runtime\/quantity\.ts$/],
  // A verdict is made by a room's pure policy.
  [/^webhooks\//, /^controllers\/[^/]+\/policy\.ts$/],
  // admission.ts gathers the facts that the verdicts in webhooks/ need.
  [/^controllers\/[^/]+\/admission\.ts$/, /^webhooks\//],
  // Tests reach for any helper.
  [/\.test\.ts$/, /^/],
];

/** Every import that goes through a wall instead of a door, one line each. */
export function closedDoors(sources: Sources): readonly string[] {
  return [...sources.values()].flatMap(({ path, imports }) =>
    imports
      .filter(({ target }) => !mayImport(path, target))
      .map(({ target }) => `${path} must not import ${target}: ${rule(path, target)}`),
  );
}

function mayImport(path: string, target: string): boolean {
  const [here, there] = [roomOf(path), roomOf(target)];
  if (there === undefined || SIDE_DOORS.some(([from, to]) => from.test(path) && to.test(target))) return true;
  if (target.endsWith('.test.ts')) return false;
  return here !== undefined && (here.home === there.home || (OPEN[here.kind] ?? []).includes(there.kind));
}

function rule(path: string, target: string): string {
  const kind = roomOf(path)?.kind ?? 'a file outside the rooms';
  if (isTest(target)) return 'nothing depends on tests';
  if (kind === 'controller' && roomOf(target)?.kind === kind) return 'controllers meet only through the API server';
  return `${kind} may import ${(OPEN[kind] ?? []).join(', ') || 'nothing of ours'}`;
}

function roomOf(path: string): { readonly kind: string; readonly home: string } | undefined {
  for (const [kind, pattern] of ROOMS) {
    const home = pattern.exec(path)?.[0];
    if (home !== undefined) return { kind, home };
  }
  return undefined;
}
