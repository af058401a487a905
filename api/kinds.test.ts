import { expect } from 'chai';
import { kinds, policies } from './kinds.ts';

/** What fits beside a prompt in half a screen. */
const WIDEST_TABLE = 100;
/** The widest that cells get in practice; a column is never narrower than its name, and kubectl puts three spaces between two. */
const CELL_WIDTHS: Readonly<Record<string, number>> = { Realm: 12, Version: 14, Memory: 10, Ready: 5, CPU: 5, Age: 4 };

for (const { resource, manifest, conditions, reasons } of kinds) {
  describe(`${resource.kind} speaks to people`, () => {
    it('its columns fit into 100 characters', () => {
      const cells = manifest.spec.versions.flatMap(({ additionalPrinterColumns = [] }) =>
        additionalPrinterColumns.filter(({ priority }) => priority !== 1),
      );
      const width = 16 + cells.reduce((sum, { name }) => sum + 3 + Math.max(name.length, CELL_WIDTHS[name] ?? 6), 0);
      expect(width).to.be.at.most(WIDEST_TABLE);
    });

    it('its conditions and reasons are CamelCase and explained in whole sentences', () => {
      for (const [name, words] of Object.entries({ ...conditions, ...reasons })) {
        expect(name).to.match(/^[A-Z][A-Za-z0-9]*$/);
        for (const sentence of 'remedy' in words ? [words.means, words.remedy] : [words.means])
          expect(sentence, name).to.match(/^[A-Z].*\.$/);
      }
    });
  });
}

describe('Admission policies', () => {
  it('have one name each, that of the product first', () => {
    const names = policies.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    for (const name of names) expect(name).to.match(/^keystone-[a-z-]+$/);
  });
});
