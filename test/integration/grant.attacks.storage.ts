/** Attacks on what is not lent. */
import { claim, create, named, type Attack } from './grant.attack.ts';

const CLAIMS = 'keystone-slice-claims';
const claims = (name: string, spec: object, metadata: object = {}): Attack =>
  create(name, CLAIMS, 'persistentvolumeclaims', claim(spec, metadata));
const devices = (exactly: object): object => ({ devices: { requests: [{ name: 'd', exactly }] } });
const DEVICES = 'keystone-slice-devices';

/** On what is not lent. */
export const onStorage: readonly Attack[] = [
  claims('claims a class that is not lent', { storageClassName: 'precious' }),
  claims('claims without a class', { storageClassName: undefined }),
  claims("claims the owner's volumes that have no class", { storageClassName: '' }),
  claims('claims a class by the old annotation', {}, { annotations: { 'volume.beta.kubernetes.io/storage-class': 'precious' } }),
  claims('claims a volume by name', { volumeName: 'pv-of-others' }),
  claims('claims a volume by label', { selector: { matchLabels: { a: 'b' } } }),
  claims('poses as bound', {}, { annotations: { 'pv.kubernetes.io/bind-completed': 'yes' } }),
  claims('chooses a node for its volume', {}, { annotations: { 'volume.kubernetes.io/selected-node': 'node-1' } }),
  claims('fills its volume from elsewhere', { dataSourceRef: { apiGroup: 'example.com', kind: 'Populator', name: 'x' } }),
  ...['k8s.io/CloneRequest', 'nfs.io/storage-path', 'cdi.kubevirt.io/storage.import.endpoint', 'example.com/whatever'].map((key) =>
    claims(`has its volume filled by ${key}`, {}, { annotations: { [key]: 'others/data' } }),
  ),
  claims('tunes its volume', { volumeAttributesClassName: 'gold' }),
  create(
    'claims a device of a class that is not lent',
    DEVICES,
    'resource.k8s.io/v1:resourceclaims',
    named('x', { spec: devices({ deviceClassName: 'gpu.example.com' }) }),
  ),
  create(
    'claims a device by a template',
    DEVICES,
    'resource.k8s.io/v1:resourceclaimtemplates',
    named('x', { spec: { spec: devices({ deviceClassName: 'gpu.example.com' }) } }),
  ),
  create('claims no device at all', DEVICES, 'resource.k8s.io/v1:resourceclaims', named('x', { spec: {} })),
  create('claims no device at all by a template', DEVICES, 'resource.k8s.io/v1:resourceclaimtemplates', named('x', { spec: { spec: {} } })),
  create('asks for a balancer', 'quota', 'services', named('x', { spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } })),
  create('asks for a port on every node', 'quota', 'services', named('x', { spec: { type: 'NodePort', ports: [{ port: 80 }] } })),
  create('claims more than is lent', 'quota', 'persistentvolumeclaims', claim({ resources: { requests: { storage: '11Gi' } } })),
];
