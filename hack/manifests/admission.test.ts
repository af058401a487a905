import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { OPERATOR_USER } from '../../api/keystone/v1alpha1/grant.policies.ts';
import type { AdmissionPolicy } from '../../api/meta/policy.ts';
import { policyFiles } from './admission.ts';
import { OPERATOR, OPERATOR_NAMESPACE } from './rbac.ts';

const policy: AdmissionPolicy = {
  name: 'keystone-test',
  description: 'Refuses everything.',
  action: 'Deny',
  match: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }],
  validations: [{ expression: 'false', message: 'no' }],
};

const constraintsOf = (given: AdmissionPolicy): unknown => {
  const [document] = parseAllDocuments(policyFiles([given])[0]?.content ?? '');
  const value: unknown = document?.getIn(['spec', 'matchConstraints'], true);
  return JSON.parse(JSON.stringify(value));
};

describe('The manifest of an admission policy', () => {
  it('selects namespaces by their labels', () => {
    const namespaces = [
      { key: 'a', operator: 'Exists' },
      { key: 'b', operator: 'NotIn', values: ['c'] },
    ] as const;
    expect(constraintsOf({ ...policy, namespaces })).to.have.deep.property('namespaceSelector', { matchExpressions: namespaces });
  });

  it('selects all namespaces if it says nothing of them', () => {
    expect(constraintsOf(policy)).not.to.have.property('namespaceSelector');
  });

  it('knows the operator by the name under which it is installed', () => {
    expect(OPERATOR_USER).to.equal(`system:serviceaccount:${OPERATOR_NAMESPACE}:${OPERATOR}`);
  });
});
