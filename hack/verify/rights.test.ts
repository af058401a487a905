import { expect } from 'chai';
import { grantedRights, rightOf, unusedRights } from './rights.ts';

const ROLES = `
rules:
  - { apiGroups: [keystone.io], resources: [grants/status], verbs: [patch] }
  - { apiGroups: [''], resources: [pods, services], verbs: [get, list] }
---
rules:
  - { apiGroups: [''], resources: [secrets], resourceNames: [identity], verbs: [get] }
`;

describe('the rights of the operator', () => {
  it('are counted one by one', () => {
    expect(grantedRights(ROLES)).to.deep.equal([
      'patch grants.keystone.io/status',
      'get pods',
      'list pods',
      'get services',
      'list services',
      'get secrets identity',
    ]);
  });

  it('are unused when nobody did that very thing', () => {
    const used = new Set([rightOf('patch', 'grants/status', 'keystone.io'), rightOf('get', 'pods', ''), rightOf('get', 'secrets', '')]);
    expect(unusedRights(grantedRights(ROLES), used)).to.deep.equal(['get secrets identity', 'get services', 'list pods', 'list services']);
  });
});
