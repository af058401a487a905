import type { Sources } from './sources.ts';

/** A room's decisions, intents and conditions, and every verdict: the same inputs give the same result, always. */
const PURE = /^(?:controllers\/[^/]+\/(?:policy|render|status)|webhooks\/(?:(?!\.test\.ts$).)+)\.ts$/;

/** Node's own modules that neither read the world nor change it. */
const HARMLESS = new Set(['node:crypto', 'node:util', 'node:assert']);

/** What makes a result depend on when, where or how often it is asked for. */
const ACTS =
  /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.|\bset(?:Timeout|Interval|Immediate)\(|\bfetch\(|\bprocess\.|\b(?:random|generate)[A-Z]\w*\(|\bawait\b/;

/** Every pure module that acts, or whose code leads to some that does, with the way there. */
export function impurities(sources: Sources): readonly string[] {
  return [...sources.keys()].flatMap((path) => (PURE.test(path) ? wayOut(path, sources) : []));
}

/** Follows imports of values, not of types, to the first thing that acts. */
function wayOut(start: string, sources: Sources): readonly string[] {
  const ways: (readonly string[])[] = [[start]];
  const seen = new Set([start]);
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    const act = actIn(way.at(-1) ?? start, sources);
    if (act !== undefined) return [`${way.join(' → ')} ${act}`];
    for (const { target, typeOnly } of sources.get(way.at(-1) ?? start)?.imports ?? []) {
      if (typeOnly || seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return [];
}

function actIn(path: string, sources: Sources): string | undefined {
  const source = sources.get(path);
  if (source === undefined) return HARMLESS.has(path) ? undefined : 'is not ours to vouch for';
  const word = ACTS.exec(source.text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))?.[0];
  return word === undefined ? undefined : `says ${word}: pass in the time, the dice or the answer`;
}
