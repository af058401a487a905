import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { kinds, policies } from '../../api/kinds.ts';
import type { WebhookDeclaration } from '../../api/meta/webhook.ts';
import { webhooks } from '../../controllers/webhooks.ts';
import { webhookFiles } from './admission.ts';
import { outputsOf, type Sources } from './outputs.ts';
import { mergeRules } from './rbac.ts';

const sources: Sources = {
  kinds,
  policies,
  controllers: [
    { name: 'one', rbac: [{ apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['watch', 'list'] }] },
    { name: 'two', rbac: [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'], namespace: 'operator' }] },
  ],
  webhooks: [],
  existing: () => undefined,
};

const documents = (path: string, from: Sources = sources): readonly unknown[] =>
  parseAllDocuments(outputsOf(from).find((file) => file.path === path)?.content ?? '').map((document) => {
    const value: unknown = document.toJS();
    return value;
  });

describe('Manifests', () => {
  it('are the same bytes every time', () => {
    expect(outputsOf(sources)).to.deep.equal(outputsOf(sources));
  });

  it('stand once each, and every directory lists its own', () => {
    const paths = outputsOf(sources).map(({ path }) => path);
    expect(new Set(paths).size).to.equal(paths.length);
    for (const directory of ['config/crd', 'config/rbac', 'config/policies']) {
      const [{ resources }] = documents(`${directory}/kustomization.yaml`) as [{ resources: string[] }];
      const others = paths.filter((path) => path.startsWith(`${directory}/`) && !path.endsWith('/kustomization.yaml'));
      expect(resources.map((file) => `${directory}/${file}`)).to.have.members(others);
    }
  });

  it('read back as what was written', () => {
    for (const { manifest } of kinds) {
      const { group, names } = manifest.spec;
      expect(documents(`config/crd/bases/${group}_${names.plural}.yaml`)).to.deep.equal([manifest]);
    }
  });

  it('give the operator what its controllers ask for, and inside its namespace what they ask for there', () => {
    const [everywhere, inside] = documents('config/rbac/role.yaml');
    expect(everywhere).to.deep.include({
      kind: 'ClusterRole',
      rules: [{ apiGroups: [''], resources: ['nodes', 'pods'], verbs: ['list', 'watch'] }],
    });
    expect(inside).to.deep.include({
      kind: 'Role',
      rules: [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['a'], verbs: ['get'] }],
    });
  });

  it('bind every policy with the action that it declares', () => {
    for (const { name, action } of policies) {
      const [policy, binding] = documents(`config/policies/${name}.yaml`);
      expect(policy).to.have.nested.property('spec.failurePolicy', action === 'Warn' ? 'Ignore' : 'Fail');
      expect(binding).to.deep.include({ spec: { policyName: name, validationActions: [action] } });
    }
  });
});

describe('Rules of a role', () => {
  const rule = (resources: readonly string[], verbs: readonly string[], resourceNames?: readonly string[]) => ({
    apiGroups: ['g'],
    resources,
    verbs,
    ...(resourceNames === undefined ? {} : { resourceNames }),
  });
  const cases = [
    {
      name: 'verbs on one resource join',
      given: [rule(['a'], ['list']), rule(['a'], ['get', 'list'])],
      want: [rule(['a'], ['get', 'list'])],
    },
    {
      name: 'resources with the same verbs share a rule',
      given: [rule(['b'], ['get']), rule(['a'], ['get'])],
      want: [rule(['a', 'b'], ['get'])],
    },
    {
      name: 'a rule for one object never widens to all',
      given: [rule(['a'], ['delete'], ['x']), rule(['a'], ['get'])],
      want: [rule(['a'], ['delete'], ['x']), rule(['a'], ['get'])],
    },
    { name: 'nothing asked, nothing given', given: [], want: [] },
  ];
  for (const { name, given, want } of cases) it(name, () => expect(mergeRules(given)).to.have.deep.members(want));
});

describe('Webhook configurations', () => {
  const webhook: WebhookDeclaration = {
    name: 'grant.keystone.io',
    mutating: false,
    path: '/grant',
    match: [{ apiGroups: ['keystone.io'], apiVersions: ['v1alpha1'], resources: ['grants'], operations: ['CREATE'] }],
    failurePolicy: 'Fail',
    timeoutSeconds: 2,
  };

  it('are not written without a webhook', () => expect(webhookFiles([])).to.deep.equal([]));

  it('stand in one file each, and their directory lists them and the Service', () => {
    const files = webhookFiles([webhook, { ...webhook, name: 'owner.keystone.io', mutating: true }]);
    expect(files.map(({ path }) => path)).to.deep.equal([
      'config/webhook/grant.keystone.io.yaml',
      'config/webhook/owner.keystone.io.yaml',
      'config/webhook/kustomization.yaml',
    ]);
    expect(files[1]?.content).to.include('MutatingWebhookConfiguration').and.include('reinvocationPolicy');
    expect(files[2]?.content).to.include('- owner.keystone.io.yaml').and.include('- service.yaml');
  });

  it('say nothing of authorities, so that nobody who applies them takes one away', () => {
    for (const { content } of webhookFiles(webhooks)) expect(content).not.to.match(/caBundle/);
  });

  it('stop nobody’s work on kinds that are not ours when the operator is down', () => {
    for (const { name, match, failurePolicy } of webhooks)
      if (!match.every(({ apiGroups }) => apiGroups.every((group) => /^(?:keystone|guildnet)[.]io$/.test(group))))
        expect(failurePolicy, name).to.equal('Ignore');
  });

  it('select the namespaces that the webhook names', () => {
    const namespaces = [{ key: 'a', operator: 'Exists' }] as const;
    expect(webhookFiles([{ ...webhook, namespaces }])[0]?.content)
      .to.include('key: a')
      .and.include('operator: Exists');
  });

  it('leave the namespace of the operator alone unless the kind is ours', () => {
    const [ours] = webhookFiles([webhook]);
    const [foreign] = webhookFiles([
      { ...webhook, match: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] }] },
    ]);
    expect(ours?.content).not.to.contain('namespaceSelector');
    expect(foreign?.content).to.contain('namespaceSelector');
  });
});
