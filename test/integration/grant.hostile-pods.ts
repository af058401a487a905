/** Pods that must not come into a slice, each decent but for one thing. */

/** What refuses a pod, and a word that its sentence contains. */
export interface HostilePod {
  readonly name: string;
  readonly by: 'PodSecurity' | 'quota' | 'keystone-slice-pods' | 'other';
  readonly says: string;
  readonly spec?: object;
  readonly container?: object;
  readonly metadata?: object;
}

/** A pod that Pod Security `restricted` admits, with what makes it different. */
export function podWith(
  { spec = {}, container = {}, metadata = {} }: Pick<HostilePod, 'spec' | 'container' | 'metadata'> = {},
  name = 'pod',
): object {
  return { metadata: { name, ...metadata }, spec: { ...podSpec(container), ...spec } };
}

/** The spec of such a pod, for templates too. */
export const podSpec = (container: object = {}): object => ({
  securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [decent(container)],
});

/** A container that Pod Security `restricted` admits. */
export const decent = (more: object = {}): object => ({
  name: 'app',
  image: 'example.invalid/app',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  ...more,
});

const secured = (more: object): object => ({
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, ...more },
});
const asking = (resource: string, amount: string): object => ({
  resources: { requests: { [resource]: amount }, limits: { [resource]: amount } },
});
/** The spec of a pod with one volume. */
export const volume = (source: object): object => ({ volumes: [{ name: 'v', ...source }] });
const tolerating = (toleration: object): object => ({ tolerations: [toleration] });
const annotated = (key: string, value = 'x'): object => ({ metadata: { annotations: { [key]: value } } });
const FOREIGN = 'this Grant lends';

const POD_SECURITY: readonly Omit<HostilePod, 'by'>[] = [
  { name: 'the network of the node', says: 'hostNetwork', spec: { hostNetwork: true } },
  { name: 'the processes of the node', says: 'hostPID', spec: { hostPID: true } },
  { name: 'the IPC of the node', says: 'hostIPC', spec: { hostIPC: true } },
  { name: 'a port of the node', says: 'hostPort', container: { ports: [{ containerPort: 80, hostPort: 80 }] } },
  { name: 'a folder of the node', says: 'hostPath', spec: volume({ hostPath: { path: '/' } }) },
  { name: 'a file share by itself', says: 'nfs', spec: volume({ nfs: { server: '192.0.2.1', path: '/' } }) },
  {
    name: 'a disk by itself',
    says: 'iscsi',
    spec: volume({ iscsi: { targetPortal: '192.0.2.1', iqn: 'iqn.2001-04.com.example:x', lun: 0 } }),
  },
  { name: 'privilege', says: 'privileged', container: { securityContext: { privileged: true, capabilities: { drop: ['ALL'] } } } },
  {
    name: 'privilege in an init container',
    says: 'privileged',
    spec: { initContainers: [{ name: 'i', image: 'x', securityContext: { privileged: true } }] },
  },
  { name: 'a way to more privilege', says: 'allowPrivilegeEscalation', container: secured({ allowPrivilegeEscalation: true }) },
  { name: 'a capability', says: 'NET_RAW', container: secured({ capabilities: { drop: ['ALL'], add: ['NET_RAW'] } }) },
  { name: 'all capabilities kept', says: 'drop', container: secured({ capabilities: {} }) },
  { name: 'the user root', says: 'runAsUser', container: secured({ runAsUser: 0 }) },
  { name: 'any user', says: 'runAsNonRoot', spec: { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } } },
  { name: 'no seccomp', says: 'seccompProfile', container: secured({ seccompProfile: { type: 'Unconfined' } }) },
  { name: 'an unmasked /proc', says: 'procMount', spec: { hostUsers: false }, container: secured({ procMount: 'Unmasked' }) },
  {
    name: 'a dangerous sysctl',
    says: 'sysctl',
    spec: {
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 1000,
        seccompProfile: { type: 'RuntimeDefault' },
        sysctls: [{ name: 'kernel.msgmax', value: '1' }],
      },
    },
  },
  { name: 'an SELinux role', says: 'seLinuxOptions', container: secured({ seLinuxOptions: { role: 'sysadm_r' } }) },
  { name: 'no AppArmor', says: 'AppArmor', container: secured({ appArmorProfile: { type: 'Unconfined' } }) },
];

const POLICY: readonly Omit<HostilePod, 'by'>[] = [
  { name: 'a device that came with a new plugin', says: FOREIGN, container: asking('example.com/fpga', '1') },
  { name: 'a GPU of another vendor', says: 'nvidia.com/gpu', container: asking('nvidia.com/gpu', '1') },
  {
    name: 'huge pages',
    says: 'hugepages-2Mi',
    container: { resources: { requests: { cpu: '1', 'hugepages-2Mi': '2Mi' }, limits: { cpu: '1', 'hugepages-2Mi': '2Mi' } } },
  },
  { name: 'a foreign device as a limit only', says: 'example.com/fpga', container: { resources: { limits: { 'example.com/fpga': '1' } } } },
  {
    name: 'a foreign device in an init container',
    says: 'container i asks',
    spec: { initContainers: [decent({ name: 'i', ...asking('example.com/fpga', '1') })] },
  },
  {
    name: 'a foreign device in a sidecar',
    says: 'container s asks',
    spec: { initContainers: [decent({ name: 's', restartPolicy: 'Always', ...asking('example.com/fpga', '1') })] },
  },
  {
    name: 'huge pages for the whole pod',
    says: '(all) asks',
    spec: { resources: { requests: { 'hugepages-2Mi': '2Mi', cpu: '1' }, limits: { 'hugepages-2Mi': '2Mi', cpu: '1' } } },
  },
  { name: 'a device by claim', says: 'resourceClaims', spec: { resourceClaims: [{ name: 'd', resourceClaimName: 'd' }] } },
  { name: 'a node by name', says: 'nodeName', spec: { nodeName: 'node-1' } },
  {
    name: 'to be a mirror of a static pod',
    says: 'kubernetes.io/config.',
    ...annotated('kubernetes.io/config.mirror'),
    spec: { nodeName: 'node-1', automountServiceAccountToken: false },
  },
  {
    name: 'the control plane, by key',
    says: 'tolerations',
    spec: tolerating({ key: 'node-role.kubernetes.io/control-plane', operator: 'Exists' }),
  },
  {
    name: 'the control plane, by its old key',
    says: 'tolerations',
    spec: tolerating({ key: 'node-role.kubernetes.io/master', operator: 'Exists' }),
  },
  { name: 'every node, tainted or not', says: 'tolerations', spec: tolerating({ operator: 'Exists' }) },
  {
    name: "the owner's reserved nodes",
    says: 'tolerations',
    spec: tolerating({ key: 'dedicated', value: 'family', effect: 'NoSchedule' }),
  },
  ...['unschedulable', 'out-of-service', 'network-unavailable', 'pid-pressure', 'disk-pressure', 'memory-pressure'].map((taint) => ({
    name: `a node that is ${taint}`,
    says: 'tolerations',
    spec: tolerating({ key: `node.kubernetes.io/${taint}`, operator: 'Exists' }),
  })),
  ...[
    { name: 'to stay on a lost node for ever', key: 'unreachable', effect: 'NoExecute' },
    { name: 'to stay on a lost node for a second too long', key: 'unreachable', effect: 'NoExecute', tolerationSeconds: 301 },
    { name: 'to come to a node that is not ready', key: 'not-ready', effect: 'NoSchedule' },
    { name: 'whatever ails a node that is not ready', key: 'not-ready' },
  ].map(({ name, key, ...more }) => ({
    name,
    says: 'tolerations',
    spec: tolerating({ key: `node.kubernetes.io/${key}`, operator: 'Exists', ...more }),
  })),
  {
    name: 'a system for which Pod Security asks less',
    says: 'spec.os',
    spec: { os: { name: 'windows' }, securityContext: { runAsNonRoot: true }, containers: [{ name: 'app', image: 'x' }] },
  },
  {
    name: 'a probe of the metadata service from the node',
    says: 'names a host',
    container: { livenessProbe: { tcpSocket: { host: '169.254.169.254', port: 80 } } },
  },
  {
    name: 'a hook that calls from the node',
    says: 'names a host',
    container: { lifecycle: { postStart: { httpGet: { host: '192.0.2.1', port: 80 } } } },
  },
  {
    name: 'a token for somebody else',
    says: 'audience',
    spec: volume({ projected: { sources: [{ serviceAccountToken: { audience: 'vault', path: 't' } }] } }),
  },
  { name: 'storage inline, uncounted', says: 'csi', spec: volume({ csi: { driver: 'csi.example.com' } }) },
  { name: 'the vault of the owner inline', says: 'csi', spec: volume({ csi: { driver: 'secrets-store.csi.k8s.io', readOnly: true } }) },
  ...[{ namespaceSelector: {} }, { namespaces: ['kube-system'] }].flatMap((others) => {
    const term = { topologyKey: 'kubernetes.io/os', labelSelector: {}, ...others };
    const required = { requiredDuringSchedulingIgnoredDuringExecution: [term] };
    const preferred = { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }] };
    const by = Object.keys(others)[0] ?? '';
    return [
      { name: `every node without the pods of others, by ${by}`, says: 'spec.affinity', spec: { affinity: { podAntiAffinity: required } } },
      {
        name: `to be preferred to the pods of others, by ${by}`,
        says: 'spec.affinity',
        spec: { affinity: { podAntiAffinity: preferred } },
      },
      { name: `a place beside the pods of others, by ${by}`, says: 'spec.affinity', spec: { affinity: { podAffinity: required } } },
      { name: `a place near the pods of others, by ${by}`, says: 'spec.affinity', spec: { affinity: { podAffinity: preferred } } },
    ];
  }),
  ...[
    'k8s.ovn.org/pod-networks',
    'ipam.antrea.io/ippools',
    'vpc.amazonaws.com/pod-ips',
    'io.kubernetes.cri-o.Devices',
    'cpu-quota.crio.io',
    'org.systemd.property.DevicePolicy',
    'io.katacontainers.config.hypervisor.path',
    'nvidia.cdi.k8s.io/container.app',
    'iam.amazonaws.com/role',
    'ad.datadoghq.com/app.checks',
    'external-dns.alpha.kubernetes.io/hostname',
    'tailscale.com/expose',
    'descheduler.alpha.kubernetes.io/prefer-no-eviction',
  ].map((key) => ({ name: `power by ${key}`, says: 'annotations', ...annotated(key) })),
  { name: 'a second network', says: 'cni.cncf.io/', ...annotated('k8s.v1.cni.cncf.io/networks', 'host') },
  { name: 'an address of its own', says: 'projectcalico', ...annotated('cni.projectcalico.org/floatingIPs', '["192.0.2.1"]') },
  { name: 'never to be moved', says: 'safe-to-evict', ...annotated('cluster-autoscaler.kubernetes.io/safe-to-evict', 'false') },
];

const OTHER: readonly HostilePod[] = [
  {
    name: 'priority over the system',
    by: 'keystone-slice-pods',
    says: 'priorityClassName',
    spec: { priorityClassName: 'system-node-critical' },
  },
  {
    name: 'priority over the cluster',
    by: 'keystone-slice-pods',
    says: 'priorityClassName',
    spec: { priorityClassName: 'system-cluster-critical' },
  },
  { name: 'priority over neighbours', by: 'keystone-slice-pods', says: 'test-high', spec: { priorityClassName: 'test-high' } },
  { name: 'another runtime', by: 'keystone-slice-pods', says: 'test-runtime', spec: { runtimeClassName: 'test-runtime' } },
  { name: 'more CPU than lent', by: 'quota', says: 'requests.cpu', container: asking('cpu', '5') },
  { name: 'more CPU than lent, as a limit only', by: 'quota', says: 'limits.cpu', container: { resources: { limits: { cpu: '5' } } } },
  {
    name: 'more memory than lent, in a sidecar',
    by: 'quota',
    says: 'memory',
    spec: { initContainers: [decent({ name: 's', restartPolicy: 'Always', ...asking('memory', '5Gi') })] },
  },
  // A node takes a limit of 0 for none, and a quota counts it as nothing.
  ...['cpu', 'memory', 'ephemeral-storage'].flatMap((resource) => [
    {
      name: `${resource} without a limit, by a limit of 0`,
      by: 'keystone-slice-pods' as const,
      says: `has a limit of 0 for ${resource}, which`,
      container: asking(resource, '0'),
    },
    {
      name: `${resource} without a limit in an init container`,
      by: 'keystone-slice-pods' as const,
      says: `has a limit of 0 for ${resource}, which`,
      spec: { initContainers: [decent({ name: 'i', ...asking(resource, '0m') })] },
    },
    {
      name: `${resource} without a limit in a sidecar`,
      by: 'keystone-slice-pods' as const,
      says: `has a limit of 0 for ${resource}, which`,
      spec: { initContainers: [decent({ name: 's', restartPolicy: 'Always', ...asking(resource, '0Ki') })] },
    },
  ]),
  { name: 'more GPUs than lent', by: 'quota', says: 'example.com/gpu', container: asking('example.com/gpu', '2') },
];

/** At least forty, each with the one that refuses it. */
export const HOSTILE_PODS: readonly HostilePod[] = [
  ...POD_SECURITY.map((pod) => ({ ...pod, by: 'PodSecurity' as const })),
  ...POLICY.map((pod) => ({ ...pod, by: 'keystone-slice-pods' as const })),
  ...OTHER,
];
