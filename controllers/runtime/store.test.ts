import { expect } from 'chai';
import * as fc from 'fast-check';
import { configMap } from '../../test/build.ts';
import { compareVersions, createStore } from './store.ts';

describe('a store', () => {
  it('orders versions as numbers of any length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 40n }), fc.bigInt({ min: 0n, max: 10n ** 40n }), (a, b) => {
        expect(Math.sign(compareVersions(String(a), String(b)))).to.equal(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it('never goes back to an older version of an object', () => {
    const store = createStore({});
    store.put(configMap('a', '10'));
    expect(store.put(configMap('a', '9'))).to.deep.equal([]);
    expect(store.get('test/a')?.metadata.resourceVersion).to.equal('10');
  });

  it('equals, after any history, what was put last; its indexes equal a search through all', () => {
    const operation = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      label: fc.constantFrom('x', 'y'),
      kind: fc.constantFrom('put', 'put', 'remove', 'replace'),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const store = createStore({ label: (object) => Object.values(object.metadata.labels ?? {}) });
        const model = new Map<string, ReturnType<typeof configMap>>();
        operations.forEach(({ name, label, kind }, i) => {
          const object = configMap(name, String(i + 1), { labels: { label } });
          if (kind === 'put') (store.put(object), model.set(name, object));
          if (kind === 'remove') (store.remove(object), model.delete(name));
          if (kind === 'replace') (Array.from(store.replace([object])), model.clear(), model.set(name, object));
        });
        expect(store.list()).to.have.deep.members([...model.values()]);
        for (const label of ['x', 'y'])
          expect(store.find('label', label)).to.have.deep.members(
            [...model.values()].filter((o) => o.metadata.labels?.['label'] === label),
          );
      }),
    );
  });

  it('tells by replace exactly what differs', () => {
    const store = createStore({});
    const before = [configMap('same', '1'), configMap('changed', '2'), configMap('gone', '3'), configMap('anew', '4', { uid: 'old' })];
    for (const object of before) store.put(object);
    const replaced = store.replace([
      configMap('same', '1'),
      configMap('changed', '5'),
      configMap('anew', '6', { uid: 'new' }),
      configMap('fresh', '7'),
    ]);
    const changes = [...replaced];
    expect(
      changes.map((change) => `${change.kind} ${(change.kind === 'deleted' ? change.previous : change.next).metadata.name}`),
    ).to.have.members(['deleted gone', 'updated changed', 'deleted anew', 'added anew', 'added fresh']);
  });
});
