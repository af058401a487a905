import type { AdmissionPolicy, LabelRequirement, PolicyMatch } from '../../api/meta/policy.ts';
import type { WebhookDeclaration } from '../../api/meta/webhook.ts';
import { kustomization, yamlFile, type GeneratedFile } from './file.ts';
import { OPERATOR_NAMESPACE } from './rbac.ts';

const API_VERSION = 'admissionregistration.k8s.io/v1';
/** The Service in front of the admission server. */
const WEBHOOK_SERVICE = 'keystone-webhook';
/** A user waits for the answer; the API server's own default is twice as long. */
const TIMEOUT_SECONDS = 5;
const OWN_GROUPS = /^(?:keystone|guildnet)\.io$/;
/** The operator itself must be able to start while nobody answers for what it is made of. */
const ELSEWHERE = {
  namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [OPERATOR_NAMESPACE] }] },
};

/** The policies that the API server enforces by itself, one file each. */
export function policyFiles(policies: readonly AdmissionPolicy[]): readonly GeneratedFile[] {
  const files = policies.map((policy) => yamlFile(`config/policies/${policy.name}.yaml`, policyOf(policy), bindingOf(policy)));
  return [...files, kustomization('config/policies', files.map(({ path }) => path.replace('config/policies/', '')).toSorted())];
}

function policyOf({ name, description, action, match, labels, namespaces, when, variables, validations }: AdmissionPolicy): object {
  return {
    apiVersion: API_VERSION,
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name, annotations: { 'kubernetes.io/description': description } },
    spec: {
      // A policy that can't be evaluated must not let through what it should deny, nor worry people about what it only mentions.
      failurePolicy: action === 'Deny' ? 'Fail' : 'Ignore',
      matchConstraints: { ...within(namespaces), ...selecting(labels), resourceRules: match.map(ruleOf) },
      ...named('matchConditions', when),
      ...named('variables', variables),
      validations,
    },
  };
}

const bindingOf = ({ name, action }: AdmissionPolicy): object => ({
  apiVersion: API_VERSION,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata: { name },
  spec: { policyName: name, validationActions: [action] },
});

/** The webhook configurations: one for those that change objects, one for those that judge; neither without a webhook. */
export function webhookFiles(webhooks: readonly WebhookDeclaration[]): readonly GeneratedFile[] {
  return [true, false].flatMap((mutating) => {
    const chosen = webhooks.filter((webhook) => webhook.mutating === mutating);
    if (chosen.length === 0) return [];
    const metadata = { name: OPERATOR_NAMESPACE };
    const kind = mutating ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration';
    const path = `config/webhook/${mutating ? 'mutating' : 'validating'}.yaml`;
    return [yamlFile(path, { apiVersion: API_VERSION, kind, metadata, webhooks: chosen.map(webhookOf) })];
  });
}

function webhookOf({ name, path, mutating, match, failurePolicy, labels, when }: WebhookDeclaration): object {
  return {
    name,
    admissionReviewVersions: ['v1'],
    clientConfig: { service: { name: WEBHOOK_SERVICE, namespace: OPERATOR_NAMESPACE, path, port: 443 } },
    failurePolicy,
    sideEffects: 'None',
    timeoutSeconds: TIMEOUT_SECONDS,
    ...(mutating ? { reinvocationPolicy: 'IfNeeded' } : {}),
    ...(match.every(({ apiGroups }) => apiGroups.every((group) => OWN_GROUPS.test(group))) ? {} : ELSEWHERE),
    ...selecting(labels),
    rules: match.map(ruleOf),
    ...named('matchConditions', when),
  };
}

const ruleOf = ({ apiGroups, apiVersions, resources, operations, resourceNames, scope }: PolicyMatch): object => ({
  apiGroups,
  apiVersions,
  operations,
  resources,
  ...(resourceNames === undefined ? {} : { resourceNames }),
  ...(scope === undefined ? {} : { scope }),
});

const within = (namespaces: readonly LabelRequirement[] | undefined): object =>
  namespaces === undefined ? {} : { namespaceSelector: { matchExpressions: namespaces } };

const selecting = (labels: Readonly<Record<string, string>> | undefined): object =>
  labels === undefined ? {} : { objectSelector: { matchLabels: labels } };

const named = (field: string, expressions: Readonly<Record<string, string>> | undefined): object =>
  expressions === undefined ? {} : { [field]: Object.entries(expressions).map(([name, expression]) => ({ name, expression })) };
