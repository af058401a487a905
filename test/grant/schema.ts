import { expect } from 'chai';
import type { Answer } from '../env/api.ts';
import { api, controlPlane } from '../env/hooks.ts';
import { kubectl, type KubectlResult } from '../env/kubectl.ts';

/** Runs kubectl as the administrator. */
export const kubectlWith = (args: readonly string[], stdin = ''): Promise<KubectlResult> =>
  kubectl(controlPlane().kubeconfigPath, args, { stdin });

/** Runs kubectl, which must succeed, and gives what it printed. */
export const succeeded = async (args: readonly string[], stdin = ''): Promise<string> => {
  const result = await kubectlWith(args, stdin);
  expect(result.code, result.stderr).to.equal(0);
  return result.stdout;
};

/** Brings the kinds of this project into the cluster. */
export const install = async (): Promise<void> => {
  await succeeded(['apply', '--server-side', '-k', 'config/crd']);
  await succeeded(['wait', '--for=condition=Established', 'crd/grants.keystone.io', '--timeout=30s']);
};

/** What the API server says besides when a schema, not a rule, has refused: it is about its own work. */
const ASIDE = /some validation rules were not checked because the object was invalid/;

interface Status {
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly field: string; readonly message: string }[] };
}

/** The sentences of a refusal, as kubectl prints them; no process is needed for each of them. */
export const sentencesOf = ({ status, body }: Answer): readonly string[] => {
  expect(status, JSON.stringify(body)).to.be.at.least(400);
  const { message = '', details } = body as Status;
  const told = details?.causes?.map((cause) => `${cause.field}: ${cause.message}`) ?? [message];
  return told.filter((sentence) => !ASIDE.test(sentence));
};

/** Who lends to whom in all these tests. */
export const realms = { grantorRealm: 'alice-home', granteeRealm: 'bob-home' };

/** A Grant that says this. */
export const grant = (spec: object): object => ({
  apiVersion: 'keystone.io/v1alpha1',
  kind: 'Grant',
  metadata: { name: 'one' },
  spec: { ...realms, ...spec },
});

/** Where the Grants of a namespace are. */
export const grantsIn = (namespace: string): string => `/apis/keystone.io/v1alpha1/namespaces/${namespace}/grants`;

/** What the API server says of such a Grant, without keeping it. */
export const tryOut = (spec: object): Promise<Answer> =>
  api().call('POST', `${grantsIn('default')}?dryRun=All&fieldValidation=Strict`, { body: grant(spec) });

/** Something that no Grant may say. */
export interface Refusal {
  readonly name: string;
  readonly spec: object;
  /** Where, and the one sentence. */
  readonly want: string;
}

/** Something that a Grant may say. */
export type Acceptance = Omit<Refusal, 'want'>;

/** One test for each: what is right passes, what is wrong is told in one sentence. */
export function judges(acceptances: readonly Acceptance[], refusals: readonly Refusal[]): void {
  for (const { name, spec } of acceptances) {
    it(`accepts ${name}`, async () => {
      const { status, body } = await tryOut(spec);
      expect(status, JSON.stringify(body)).to.equal(201);
    });
  }
  for (const { name, spec, want } of refusals) {
    it(`refuses ${name}`, async () => {
      expect(sentencesOf(await tryOut(spec))).to.deep.equal([want]);
    });
  }
}
