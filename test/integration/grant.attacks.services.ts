/** Attacks by Services: on those who serve them, and on traffic that is meant for others. */
import { change, create, named, type Attack } from './grant.attack.ts';

const SERVICES = 'keystone-slice-services';
const ports = { ports: [{ port: 80 }] };
const service = (name: string, spec: object, metadata: object = {}): Attack =>
  create(name, SERVICES, 'services', { metadata: { name: 'x', ...metadata }, spec: { ...ports, ...spec } });

/** What controllers of many clusters do for whoever asks by a key of a Service. */
const ANNOTATIONS: Readonly<Record<string, readonly string[]>> = {
  'joins the tailnet of the owner': [
    'tailscale.com/expose',
    'tailscale.com/hostname',
    'tailscale.com/tailnet-fqdn',
    'Tailscale.com/expose',
  ],
  'takes names in the zones of the owner': ['external-dns.alpha.kubernetes.io/hostname', 'external-dns.alpha.kubernetes.io/target'],
  'passes for a Service of all clusters': ['service.cilium.io/global', 'io.cilium/global-service', 'service.cilium.io/shared'],
  'takes an address of the owner': [
    'metallb.io/loadBalancerIPs',
    'metallb.universe.tf/allow-shared-ip',
    'kube-vip.io/loadbalancerIPs',
    'lbipam.cilium.io/ips',
    'io.cilium/lb-ipam-ips',
    'load-balancer.hetzner.cloud/ipv4',
  ],
  'tells the cloud what to build': [
    'service.beta.kubernetes.io/aws-load-balancer-scheme',
    'service.beta.kubernetes.io/azure-load-balancer-internal',
    'service.kubernetes.io/qcloud-share-existed-lb',
    'networking.gke.io/load-balancer-type',
    'cloud.google.com/neg',
  ],
  'writes routes of a gateway': ['getambassador.io/config', 'konghq.com/plugins', 'traefik.ingress.kubernetes.io/service.serverstransport'],
  'has the agents of the owner call somebody': ['ad.datadoghq.com/service.checks'],
  'reaches what is installed tomorrow': ['example.com/expose', 'keystone.io.example.com/expose', 'evil-helm.sh/expose', 'x.helm.sh/expose'],
};
/** The same by labels. */
const LABELS: readonly string[] = ['mirror.linkerd.io/exported', 'istio.io/global', 'service.kubernetes.io/service-proxy-name'];

/** By Services. */
export const onServices: readonly Attack[] = [
  service('catches foreign traffic', { externalIPs: ['192.0.2.1'] }),
  create('leads traffic elsewhere', SERVICES, 'services', {
    ...named('x', { spec: { type: 'ExternalName', externalName: 'kubernetes.default.svc' } }),
  }),
  ...Object.entries(ANNOTATIONS).flatMap(([aim, keys]) =>
    keys.map((key) => service(`${aim}, by ${key}`, {}, { annotations: { [key]: 'x' } })),
  ),
  ...LABELS.map((key) => service(`is seen elsewhere, by the label ${key}`, {}, { labels: { [key]: 'true' } })),
  change('joins the tailnet later', SERVICES, 'services/plain', { metadata: { annotations: { 'tailscale.com/expose': 'true' } } }),
  change('changes what a controller has written', SERVICES, 'services/balanced', {
    metadata: { annotations: { 'example.com/scheme': 'internet-facing' } },
  }),
  change('takes away what a controller has written', SERVICES, 'services/balanced', {
    metadata: { annotations: { 'example.com/scheme': null } },
  }),
  service('takes the address that names are asked at, before they are', { clusterIP: '10.96.0.10' }),
  change('takes a second address later, of which nobody can tell who chose it', SERVICES, 'services/plain', {
    spec: { ipFamilyPolicy: 'RequireDualStack' },
  }),
  service('chooses who balances', { type: 'LoadBalancer', loadBalancerClass: 'example.com/tailnet' }),
  service('chooses its address', { type: 'LoadBalancer', loadBalancerIP: '192.0.2.1' }),
];
