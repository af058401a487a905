import { expect } from 'chai';
import { fieldsOf } from '../../../hack/manifests/fields.ts';
import { sharedConditions, sharedReasons } from '../../meta/schema.ts';
import { CONDITIONS, REASONS } from './grant.reasons.ts';
import { grantSchema } from './grant.ts';

const words = { ...CONDITIONS, ...REASONS };
const fields = new Set(fieldsOf(grantSchema.manifest.spec.versions[0]?.schema.openAPIV3Schema ?? {}).map(({ path }) => path.slice(1)));

describe('The reasons of a Grant', () => {
  it('send their readers to fields that exist', () => {
    for (const [name, said] of Object.entries(words)) {
      const text = 'remedy' in said ? `${said.means} ${said.remedy}` : said.means;
      for (const [field] of text.matchAll(/\b(?:spec|status)(?:\.[A-Za-z]+)+/g))
        expect(fields.has(field), `${name} names ${field}`).to.equal(true);
    }
  });

  it('give no second meaning to a word that every kind has', () => {
    for (const name of Object.keys({ ...sharedConditions, ...sharedReasons })) expect(words).not.to.have.property(name);
  });

  it('have one at least for each condition', () => {
    const others: Readonly<Record<string, string>> = {
      Usable: 'InForce',
      BandwidthEnforced: 'BandwidthUnsupported',
      DestinationsResolved: 'DestinationUnresolved',
      StorageAvailable: 'NoStorageClass',
    };
    for (const type of Object.keys(CONDITIONS)) expect(REASONS).to.have.property(others[type] ?? type);
  });
});
