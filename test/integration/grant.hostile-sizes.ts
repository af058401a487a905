/** Pods that cost those who keep the cluster many times what they ask for. */
import { decent, type HostilePod } from './grant.hostile-pods.ts';

const many = <T>(count: number, make: (i: number) => T): readonly T[] => Array.from({ length: count }, (_, i) => make(i));
const empty = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: many(51, () => ({})) } };
const near = { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { a: 'b' } } };

/** Of what a node puts together, copies or mounts for a pod, and of what a scheduler keeps of it. */
export const LARGE_PODS: readonly HostilePod[] = [
  {
    name: 'variables that are made of each other',
    says: 'refers to one that refers to others',
    container: { env: [{ name: 'A0', value: 'x'.repeat(16) }, ...many(7, (i) => ({ name: `A${i + 1}`, value: `$(A${i})$(A${i})` }))] },
  },
  {
    name: 'a variable that is made of itself',
    says: 'refers to one that refers to others',
    container: { env: [{ name: 'A', value: 'x' }, ...many(4, () => ({ name: 'A', value: '$(A)$(A)' }))] },
  },
  {
    name: 'variables that are made of each other, by names with dollars',
    says: 'names that are not made of letters',
    container: { env: [{ name: 'a$$0', value: 'x' }, ...many(4, (i) => ({ name: `a$$${i + 1}`, value: `$(a$$${i})$(a$$${i})` }))] },
  },
  {
    name: 'variables of a Secret by names with blanks',
    says: 'names that are not made of letters',
    container: { envFrom: [{ prefix: 'a b', secretRef: { name: 's' } }] },
  },
  {
    name: 'a thousand mentions in a path',
    says: 'more than 20 references',
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    container: {
      env: [{ name: 'A', value: 'x' }],
      volumeMounts: [{ name: 'v', mountPath: '/m', subPathExpr: '$(A)'.repeat(1000) }],
    },
  },
  {
    name: 'a thousand mentions in what a probe runs',
    says: 'more than 20 references',
    container: { env: [{ name: 'A', value: 'x' }], startupProbe: { exec: { command: ['$(A)'.repeat(1000)] } } },
  },
  {
    name: 'a path that a ConfigMap names',
    says: 'subPathExpr',
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    container: {
      env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }],
      volumeMounts: [{ name: 'v', mountPath: '/m', subPathExpr: '$(A)' }],
    },
  },
  {
    name: 'a path that its notes name',
    says: 'subPathExpr',
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    container: {
      env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['a']" } } }],
      volumeMounts: [{ name: 'v', mountPath: '/m', subPathExpr: '$(A)' }],
    },
  },
  {
    name: 'a variable from a file that it writes itself',
    says: 'comes from a file of any length',
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    container: { env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'v', path: 'f', key: 'A' } } }] },
  },
  { name: 'an image that no kubelet can name without repeating it', says: '1024 letters', container: { image: 'X'.repeat(1025) } },
  {
    name: 'a thousand mentions of a variable',
    says: 'more than 20 references',
    container: { env: [{ name: 'A', value: 'x' }], args: ['$(A)'.repeat(1000)] },
  },
  {
    name: 'a thousand mentions in a sidecar',
    says: 'container s has more than 20 references',
    spec: { initContainers: [decent({ name: 's', restartPolicy: 'Always', command: ['$(A)'.repeat(1000)] })] },
  },
  {
    name: 'a Secret a hundred times over',
    says: 'one by one',
    container: { env: many(101, (i) => ({ name: `A${i}`, valueFrom: { secretKeyRef: { name: 's', key: 'k' } } })) },
  },
  {
    name: 'a volume in a hundred places',
    says: 'mounts of the node itself',
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    container: { volumeMounts: many(65, (i) => ({ name: 'v', mountPath: `/m${i}`, subPath: `s${i}` })) },
  },
  {
    name: 'a hundred volumes in memory',
    says: 'mounts of the node itself',
    spec: { volumes: many(65, (i) => ({ name: `v${i}`, emptyDir: { medium: 'Memory', sizeLimit: '1Ki' } })) },
  },
  {
    name: 'more containers than anybody has',
    says: 'at most 20 containers',
    spec: { initContainers: many(25, (i) => decent({ name: `i${i}` })) },
  },
  {
    name: 'more mounts than anybody has',
    says: 'at most 20 containers',
    spec: { volumes: [{ name: 'v', emptyDir: {} }] },
    container: { volumeMounts: many(221, (i) => ({ name: 'v', mountPath: `/m${i}` })) },
  },
  { name: 'nothing of a node, many times', says: '50 terms', spec: { affinity: { nodeAffinity: empty } } },
  {
    name: 'no neighbour, many times',
    says: '50 terms',
    spec: { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: many(51, () => near) } } },
  },
].map((pod) => ({ ...pod, by: 'keystone-slice-pods' as const }));
