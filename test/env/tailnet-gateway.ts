/** Where a realm's gateway to the tailnet runs. */
export const NAMESPACE = 'tailnet';

const SOCKET = '/state/tailscaled.sock';
/** Its command line, in the same Pod. */
export const TAILSCALE = ['/tailscale', '--socket', SOCKET];

/** What a gateway has to know. */
export interface GatewayOptions {
  readonly image: string;
  /** The authority of Headscale's certificate. */
  readonly ca: string;
  /** Headscale's address and its name. */
  readonly coordinator: string;
  readonly hostname: string;
}

/** A gateway with no right of its own: it needs no device, no capability and no root. */
export function gatewayObjects({ image, ca, coordinator, hostname }: GatewayOptions): readonly object[] {
  const metadata = { name: 'gateway', namespace: NAMESPACE };
  const labels = { app: 'gateway' };
  const container = {
    name: 'tailscaled',
    image,
    imagePullPolicy: 'Never',
    args: ['--no-logs-no-support', '--statedir=/state', `--socket=${SOCKET}`, '--tun=userspace-networking', '--socks5-server=0.0.0.0:1055'],
    env: [{ name: 'SSL_CERT_FILE', value: '/ca/ca.crt' }],
    ports: [{ name: 'socks', containerPort: 1055 }],
    readinessProbe: { tcpSocket: { port: 'socks' }, periodSeconds: 1 },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    volumeMounts: [
      { name: 'ca', mountPath: '/ca' },
      { name: 'state', mountPath: '/state' },
    ],
  };
  const spec = {
    hostAliases: [{ ip: coordinator, hostnames: [hostname] }],
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [container],
    volumes: [
      { name: 'ca', configMap: { name: 'headscale' } },
      { name: 'state', emptyDir: { medium: 'Memory' } },
    ],
  };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'headscale', namespace: NAMESPACE }, data: { 'ca.crt': ca } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { strategy: { type: 'Recreate' }, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    },
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: labels, ports: [{ name: 'socks', port: 1055 }] } },
  ];
}
