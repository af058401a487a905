import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { COMPUTE_KEYS, OBJECT_KEYS, STORAGE_KEYS, UNNAMED } from './grant.keys.ts';
import { KINDS } from './grant.policies.guests.ts';

describe('the keys of what is lent', () => {
  it('bound every kind of object that a guest may make, also where nobody names it', () => {
    // Asked, and not kept.
    const kept = KINDS.filter((kind) => !kind.includes('/') && kind !== 'localsubjectaccessreviews.authorization.k8s.io');
    expect(kept.filter((kind) => !(kind in UNNAMED) && !(`count/${kind}` in UNNAMED))).to.deep.equal([]);
  });

  it('are all on the page of the Grant, and no others', () => {
    const [, table = ''] = readFileSync('docs/grant.md', 'utf8').split('The keys:');
    const named =
      table
        .split('\n\n')[1]
        ?.split('\n')
        .map((row) => row.split('|')[1] ?? '') ?? [];
    const counted = named.find((cell) => cell.includes('`count/`')) ?? '';
    const others = counted
      .replace(/.*one of /, '')
      .trim()
      .split(', ');
    const keys = named.filter((cell) => cell !== counted).flatMap((cell) => cell.match(/(?<=`)[a-z.-]+(?=`)/g) ?? []);
    expect([...keys.filter((key) => !key.includes('/')), ...others.map((key) => `count/${key}`)]).to.have.members([
      ...COMPUTE_KEYS,
      ...STORAGE_KEYS,
      ...OBJECT_KEYS,
    ]);
  });
});
