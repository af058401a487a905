import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { ConfigMap } from '../../api/meta/builtin.ts';
import { defineStatus } from '../../controllers/runtime/conditions.ts';
import type { Controller } from '../../controllers/runtime/controller.ts';
import { byOwnerLabel, defineController, done, generationChanged, waitFor, type Step } from '../../controllers/runtime/index.ts';
import { Parcel } from '../parcel/parcel.ts';
import { DISTURBANCES } from './disturbances.ts';
import { installParcels, keeps, openParcels, type ParcelStage } from './parcels.ts';
import { tellDisturbed, tellUndisturbed } from './telling.ts';

interface Facts {
  held: string;
}

/** A controller of Parcels with one step and no ending, which shows in the status what the step has held. */
const withStep = (step: Step<Parcel, Facts>): Controller =>
  defineController<Parcel, Facts>({
    name: 'parcel',
    for: Parcel,
    when: generationChanged,
    owns: [byOwnerLabel(ConfigMap)],
    facts: () => ({ held: '' }),
    plan: () => [step],
    status: defineStatus<Parcel, Facts>(({ held }) => ({ held, ready: { status: 'True', reason: 'Kept', message: 'Kept' } })),
  });

/** Controllers with one fault each, which nobody sees as long as nothing happens between two writes. */
const CARELESS: readonly { readonly name: string; readonly controller: () => Controller; readonly fault: RegExp }[] = [
  {
    name: 'makes something under a new name, and notes the name afterwards',
    controller: () =>
      withStep(async ({ object: { metadata, spec, status }, facts, client }) => {
        facts.held = status?.held ?? `parcel-p-${randomUUID().slice(0, 8)}`;
        await client.apply(ConfigMap, { metadata: { name: facts.held, namespace: metadata.namespace ?? '' }, data: { text: spec.text } });
      }),
    fault: /^write \d+: the world ended otherwise[^]*\n\+ ConfigMap here\/parcel-p-#2: /,
  },
  {
    name: 'notes that something is done, and does it afterwards',
    controller: () => {
      const begun = new Set<string>();
      return withStep(async ({ object: { metadata, spec, status }, facts, client }) => {
        facts.held = spec.text;
        if (status?.held === spec.text && !begun.has(spec.text)) return done;
        begun.add(spec.text);
        if (status?.held !== spec.text) return waitFor('Keeping', 'About to be kept', 0);
        await client.apply(ConfigMap, { metadata: { name: 'parcel-p', namespace: metadata.namespace ?? '' }, data: { text: spec.text } });
        return done;
      });
    },
    fault: /^write \d+: the world ended otherwise[^]*\n\+ ConfigMap here\/parcel-p: \.data\.text = "one"/,
  },
];

const CRASH = DISTURBANCES.find(({ name }) => name === 'a crash behind a write, before its answer');

describe('the fault harness', () => {
  before(installParcels);

  const scenario = { name: 'a Parcel is sent', story: [keeps('one'), keeps('two')] };
  const onStage = async <T>(controller: () => Controller, play: (stage: ParcelStage) => Promise<T>): Promise<T> => {
    const stage = await openParcels(controller);
    try {
      return await play(stage);
    } finally {
      await stage.close();
    }
  };

  /** What the harness says of the first crash that it has something to say of. */
  async function firstFault(controller: () => Controller): Promise<string> {
    const undisturbed = await onStage(controller, (stage) => tellUndisturbed(scenario, stage));
    for (const { name, disturb } of CRASH?.points(undisturbed) ?? []) {
      const told = onStage(controller, (stage) => tellDisturbed(scenario, stage, { undisturbed, disturb, endMs: 20_000 }));
      const fault = await told.then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : 'something else was thrown'),
      );
      if (fault !== undefined) return `${name}: ${fault}`;
    }
    return 'nothing';
  }

  it('sees what was so between two changes only', async () => {
    const hasty = withStep(async ({ object: { spec, status }, facts }) => {
      facts.held = status?.held === spec.text || status?.held === 'nothing' ? spec.text : 'nothing';
      return facts.held === spec.text ? done : waitFor('Keeping', 'About to be kept', 0);
    });
    const check = (parcels: readonly Parcel[]) => expect(parcels.map(({ status }) => status?.held)).not.to.include('nothing');
    const told = onStage(
      () => hasty,
      (stage) => tellUndisturbed(scenario, { ...stage, always: { path: stage.ownersPath, check } }),
    );
    const said = await told.catch((error: unknown) => (error instanceof Error ? error.message : ''));
    expect(said).to.match(/^for a moment this was not so: expected \[ 'nothing' \]/);
  });

  for (const { name, controller, fault } of CARELESS)
    it(`finds a controller that ${name}`, async () => expect(await firstFault(controller)).to.match(fault));
});
