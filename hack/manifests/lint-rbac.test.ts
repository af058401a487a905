import { expect } from 'chai';
import { lintRole } from './lint-rbac.ts';

describe('The RBAC linter', () => {
  const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['list'] };
  const cases = [
    { name: 'refuses every verb', kind: 'Role', rule: { ...secrets, verbs: ['*'] }, want: ['no-wildcard'] },
    { name: 'refuses every resource', kind: 'Role', rule: { ...secrets, resources: ['*'] }, want: ['no-wildcard'] },
    {
      name: 'refuses to become anybody',
      kind: 'ClusterRole',
      rule: { ...secrets, resources: ['users'], verbs: ['impersonate'] },
      want: ['no-escalation'],
    },
    { name: 'refuses all Secrets of the cluster', kind: 'ClusterRole', rule: secrets, want: ['no-cluster-secrets'] },
    { name: 'accepts Secrets of one namespace', kind: 'Role', rule: secrets, want: [] },
    { name: 'accepts a Secret by name', kind: 'ClusterRole', rule: { ...secrets, resourceNames: ['fuse'] }, want: [] },
  ];
  for (const { name, kind, rule, want } of cases) {
    it(name, () => expect(lintRole('file.yaml', { kind, rules: [rule] }).map((line) => line.split(': ')[2])).to.deep.equal(want));
  }
});
