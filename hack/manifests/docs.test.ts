import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { docsPage } from './docs.ts';

for (const kind of kinds) {
  describe(`The page of ${kind.resource.kind}`, () => {
    const fresh = docsPage(kind, undefined).content;

    it('has a line for every reason, condition, column and field', () => {
      const names = [
        ...Object.keys(kind.reasons),
        ...Object.keys(kind.conditions),
        ...Object.keys(kind.manifest.spec.versions[0]?.schema.openAPIV3Schema.properties?.['spec']?.properties ?? {}),
      ];
      for (const name of names) expect(fresh).to.contain(name);
      for (const { remedy } of Object.values(kind.reasons)) expect(fresh).to.contain(remedy);
    });

    it('keeps what people wrote between the generated parts', () => {
      const written = fresh.replace('## reasons', 'A sentence by hand: $& $1.\n\n## What to do');
      expect(docsPage(kind, written).content).to.equal(written);
    });

    it('replaces what was changed inside a generated part', () => {
      expect(docsPage(kind, fresh.replace('| reason |', '| cause |')).content).to.equal(fresh);
    });

    const broken = [
      { name: 'a part whose begin is missing', page: fresh.replace('<!-- generated: fields -->', '') },
      { name: 'a part whose end is missing', page: fresh.replace('<!-- end of fields -->', '') },
      { name: 'a part that stands twice', page: `${fresh}<!-- generated: fields -->\n<!-- end of fields -->\n` },
      {
        name: 'a part that ends before it begins',
        page: fresh
          .replace('<!-- end of fields -->', '')
          .replace('<!-- generated: fields -->', '<!-- end of fields --><!-- generated: fields -->'),
      },
    ];
    for (const { name, page } of broken) {
      it(`refuses ${name}`, () => expect(() => docsPage(kind, page)).to.throw(/needs exactly one "<!-- generated: fields -->"/));
    }
  });
}
