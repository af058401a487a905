import type { AdmissionPolicy, LabelRequirement, PolicyMatch } from '../../api/meta/policy.ts';
import type { WebhookDeclaration } from '../../api/meta/webhook.ts';
import { WEBHOOK_PORT, WEBHOOK_SERVICE } from '../../controllers/runtime/webhook-part.ts';
import { kustomization, yamlFile, type GeneratedFile } from './file.ts';
import { OPERATOR_NAMESPACE } from './rbac.ts';

const API_VERSION = 'admissionregistration.k8s.io/v1';
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

/** The registrations of webhooks, each an object of its own: in an emergency one can be deleted, and the others go on. */
export function webhookFiles(webhooks: readonly WebhookDeclaration[]): readonly GeneratedFile[] {
  const files = webhooks.map((webhook) => {
    const kind = webhook.mutating ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration';
    const { name } = webhook;
    return yamlFile(`config/webhook/${name}.yaml`, { apiVersion: API_VERSION, kind, metadata: { name }, webhooks: [webhookOf(webhook)] });
  });
  const resources = [...files.map(({ path }) => path.replace('config/webhook/', '')).toSorted(), 'service.yaml'];
  return files.length === 0 ? [] : [...files, kustomization('config/webhook', resources)];
}

function webhookOf({ name, path, mutating, match, failurePolicy, timeoutSeconds, labels, namespaces, when }: WebhookDeclaration): object {
  return {
    name,
    admissionReviewVersions: ['v1'],
    // No caBundle: the operator writes it, or cert-manager, and nobody who applies this takes it away again.
    clientConfig: { service: { name: WEBHOOK_SERVICE, namespace: OPERATOR_NAMESPACE, path, port: WEBHOOK_PORT } },
    failurePolicy,
    sideEffects: 'None',
    timeoutSeconds,
    ...(mutating ? { reinvocationPolicy: 'IfNeeded' } : {}),
    ...(namespaces === undefined && !isOurs(match) ? ELSEWHERE : within(namespaces)),
    ...selecting(labels),
    rules: match.map(ruleOf),
    ...named('matchConditions', when),
  };
}

const isOurs = (match: readonly PolicyMatch[]): boolean =>
  match.every(({ apiGroups }) => apiGroups.every((group) => OWN_GROUPS.test(group)));

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
