/** What a NetworkPolicy of a test says beside whom it is about. */
type Rules = Record<string, unknown>;

/** A NetworkPolicy about all Pods of a namespace, or those with a label `app`. */
function policy(namespace: string, name: string, spec: Rules, app?: string): object {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name },
    spec: { podSelector: app === undefined ? {} : { matchLabels: { app } }, ...spec },
  };
}

/** Nothing may leave. */
export const denyEgress = (namespace: string): object => policy(namespace, 'deny-egress', { policyTypes: ['Egress'] });

/** Nothing may come in. */
export const denyIngress = (namespace: string, app: string): object =>
  policy(namespace, `deny-ingress-${app}`, { policyTypes: ['Ingress'] }, app);

/** One port of Pods with a label `app`, of the same namespace, may be called. */
export const allowEgressTo = (namespace: string, app: string, port: number): object =>
  policy(namespace, `allow-${app}`, {
    policyTypes: ['Egress'],
    egress: [{ to: [{ podSelector: { matchLabels: { app } } }], ports: [{ protocol: 'TCP', port }] }],
  });

/** One port of one address may be called. */
export const allowEgressToAddress = (namespace: string, address: string, port: number): object =>
  policy(namespace, 'allow-address', {
    policyTypes: ['Egress'],
    egress: [{ to: [{ ipBlock: { cidr: `${address}/32` } }], ports: [{ protocol: 'TCP', port }] }],
  });
