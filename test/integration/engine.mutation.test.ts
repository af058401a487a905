import { expect } from 'chai';
import type { JsonSchema } from '../../api/meta/json-schema.ts';
import { api } from '../env/hooks.ts';
import { eventually } from '../env/eventually.ts';
import { useParcels, type ParcelWorld } from '../parcel/world.ts';
import { untilIdle } from '../env/engine.ts';
import { parcelSchema, type Parcel } from '../parcel/parcel.ts';

type Spec = Parcel['spec'];

/** Paths whose change nothing in the world shows, each with the reason. */
const UNSEEN: Readonly<Record<string, string>> = { 'trouble=Stuck': 'it shows at deletion only' };

/** Values that a schema allows and a careful user would never choose, and some that it does not. */
function mutationsOf({ type, enum: words, maxLength = 0 }: JsonSchema): readonly { readonly value: unknown; readonly valid: boolean }[] {
  expect(type, 'a type that this test can mutate').to.equal('string');
  if (words !== undefined) return [...words.map((value) => ({ value, valid: true })), { value: 'No such word', valid: false }];
  const valid = ['x', 'line\nbreak', 'ünïcode 😀', 'y'.repeat(maxLength)].filter((value) => value.length <= maxLength);
  return [
    ...valid.map((value) => ({ value, valid: true })),
    ...['z'.repeat(maxLength + 1), 7, null, {}].map((value) => ({ value, valid: false })),
  ];
}

/** What a user sees, without what differs by nature. */
async function shown(world: ParcelWorld): Promise<unknown> {
  const parcel = await world.get('p');
  const conditions = parcel?.status?.conditions?.map(({ type, status, reason, message }) => ({ type, status, reason, message }));
  const copies = (await world.copies()).map(({ metadata: { namespace, name, labels }, data }) => ({
    namespace,
    name,
    data,
    labels: Object.keys(labels ?? {}),
  }));
  return { conditions, held: parcel?.status?.held, copies };
}

describe('any change of a spec and back (checklist 17)', () => {
  const world = useParcels();
  const { spec } = parcelSchema.manifest.spec.versions[0]?.schema.openAPIV3Schema.properties ?? {};
  const paths = Object.entries(spec?.properties ?? {});

  it('knows every path of the spec', () => expect(paths.map(([name]) => name)).to.deep.equal(['text', 'note', 'to', 'trouble']));

  for (const [path, schema] of paths) {
    it(`ends where a fresh object is: spec.${path}`, async () => {
      const engine = await world.run();
      const base: Spec = { text: 'base', to: world.elsewhere };
      await world.put('p', base);
      await world.settled('p');
      await untilIdle(engine);
      const fresh = await shown(world);
      // A namespace that does not exist makes the controller fail, which is what a user sees; one that exists moves the copy.
      const cases =
        path === 'to'
          ? [...mutationsOf(schema), { value: world.namespace, valid: true }, { value: undefined, valid: true }]
          : mutationsOf(schema);
      for (const { value, valid } of cases) {
        const where = `${path}: ${JSON.stringify(value)?.slice(0, 40)}`;
        const answer = await put({ ...base, [path]: value });
        if (!valid) {
          // The API server calls a wrong type in an apply an internal error: what counts is that it is refused.
          expect(answer.status, where).to.be.at.least(400);
          continue;
        }
        expect(answer.status, `${where} ${JSON.stringify(answer.body).slice(0, 300)}`).to.equal(200);
        if (UNSEEN[`${path}=${String(value)}`] === undefined) {
          await eventually(async () => expect(await shown(world), `${where} is seen`).not.to.deep.equal(fresh));
        }
        await put(base);
        await eventually(async () => expect(await shown(world), `back from ${where}`).to.deep.equal(fresh), { withinMs: 20_000 });
      }
      await world.settled('p');
    });
  }

  const put = (spec: object) =>
    api().call('PATCH', `/apis/test.keystone.io/v1alpha1/namespaces/${world.namespace}/parcels/p?fieldManager=a-user&force=true`, {
      body: { apiVersion: 'test.keystone.io/v1alpha1', kind: 'Parcel', metadata: { name: 'p' }, spec },
      contentType: 'application/apply-patch+yaml',
    });
});
