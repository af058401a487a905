import { install, judges, type Acceptance, type Refusal } from '../grant/schema.ts';

const hard = (name: string, amounts: object, sentence: string): Refusal => ({
  name,
  spec: { hard: amounts },
  want: `spec.hard: Invalid value: ${sentence}`,
});
const unknown = (key: string): Refusal =>
  hard(`the key ${key}, which no quota knows`, { [key]: 1 }, `hard has no key ${key}: kubectl explain grant.spec.hard lists them`);
const misnamed = (key: string, right: string): Refusal =>
  hard(`the key ${key}, which is called otherwise`, { [key]: 1 }, `use ${right} instead of ${key}`);

const ACCEPTANCES: readonly Acceptance[] = [
  {
    name: 'every form of key',
    spec: {
      hard: {
        'requests.cpu': '1500m',
        'limits.cpu': 2,
        'requests.memory': '1.5Gi',
        'limits.memory': '100Ti',
        'requests.ephemeral-storage': '10Gi',
        'requests.storage': '1Ei',
        pods: '1k',
        'services.loadbalancers': 0,
        'count/jobs.batch': '100',
        'fast.storageclass.storage.k8s.io/requests.storage': '123456789123456789',
        'rook-ceph.block.storageclass.storage.k8s.io/persistentvolumeclaims': 3,
        'requests.nvidia.com/gpu': 1,
        'requests.nvidia.com/mig-1g.5gb': '2',
        'requests.amd.com/gpu': '0',
        'gpu.nvidia.com.deviceclass.resource.k8s.io/devices': 1,
        'keystone.io/egress-bandwidth': '200M',
        'keystone.io/ingress-bandwidth': '1G',
      },
    },
  },
  {
    name: 'every way to write an amount',
    spec: {
      hard: {
        'requests.cpu': `${'0'.repeat(40)}.${'001'.padEnd(20, '0')}`,
        'limits.cpu': '+1.5000',
        'requests.memory': '0.3Gi',
        'limits.memory': '.8Ti',
        'requests.ephemeral-storage': '0.0625Gi',
        'limits.ephemeral-storage': '123456789012.345',
        'requests.storage': '1.0625Ti',
        'a.storageclass.storage.k8s.io/requests.storage': '512.0009765625Ti',
        'b.storageclass.storage.k8s.io/requests.storage': '1e3',
        pods: '1.0',
        services: '2000m',
        secrets: '01e+02',
        configmaps: '3.',
        'requests.nvidia.com/gpu': '1000000u',
      },
    },
  },
  { name: 'the finest CPU', spec: { hard: { 'requests.cpu': '1m', 'limits.cpu': '999999.999' } } },
  { name: 'a thousandth in other words', spec: { hard: { 'requests.cpu': '1000u', 'limits.cpu': '1000000n' } } },
  { name: 'CPU in units that nobody uses', spec: { hard: { 'requests.cpu': '0.0001k', 'limits.cpu': '1.001Ki' } } },
  { name: 'nothing at all', spec: { hard: {} } },
];

const REFUSALS: readonly Refusal[] = [
  // Keys.
  misnamed('limits.nvidia.com/gpu', 'requests.nvidia.com/gpu'),
  misnamed('nvidia.com/gpu', 'requests.nvidia.com/gpu'),
  misnamed('cpu', 'requests.cpu'),
  misnamed('limits.storage', 'requests.storage'),
  unknown('request.cpu'),
  unknown('requests.gpu'),
  unknown('requests.kubernetes.io/batteries'),
  unknown('count/widgets.example.com'),
  unknown('keystone.io/bandwidth'),
  unknown(`requests.example.com/${'x'.repeat(64)}`),
  unknown(`requests.${'abc.'.repeat(63)}com/x`),
  unknown('Fast.storageclass.storage.k8s.io/requests.storage'),
  unknown('fast.storageclass.storage.k8s.io/limits.storage'),
  unknown('gpu.deviceclass.resource.k8s.io/slots'),
  // A key that nobody knows has no largest amount, and nobody knows whether it can be divided.
  ...[{ 'hugepages-2Mi': '2Gi' }, { 'requests.hugepages-2Mi': '2Gi' }, { 'hugepages-2Mi': '500m' }, { 'request.memory': '4Gi' }].map(
    (amounts) => {
      const [key = ''] = Object.keys(amounts);
      return hard(
        `${JSON.stringify(amounts)} in one sentence`,
        amounts,
        `hard has no key ${key}: kubectl explain grant.spec.hard lists them`,
      );
    },
  ),
  hard('memory under its name in a pod', { memory: '4Gi' }, 'use requests.memory instead of memory'),
  hard('half a GPU under its name in a pod', { 'nvidia.com/gpu': '500m' }, 'use requests.nvidia.com/gpu instead of nvidia.com/gpu'),
  hard('the first of several unknown keys', { zzz: 1, aaa: 1, mmm: 1 }, 'hard has no key aaa: kubectl explain grant.spec.hard lists them'),
  // Amounts.
  hard('10^30 CPUs', { 'requests.cpu': `1${'0'.repeat(30)}` }, 'requests.cpu is larger than any cluster: give at most 1M'),
  hard('10^30 CPUs with an exponent', { 'limits.cpu': '1e30' }, 'limits.cpu is larger than any cluster: give at most 1M'),
  hard('10^30 GPUs', { 'requests.nvidia.com/gpu': '1e30' }, 'requests.nvidia.com/gpu is larger than any cluster: give at most 1M'),
  hard('too much memory', { 'requests.memory': '2Ei' }, 'requests.memory is larger than any cluster: give at most 1Ei'),
  hard('a negative amount', { 'requests.cpu': '-1' }, 'requests.cpu is negative: give 0 or more'),
  hard('a negative number', { pods: -1 }, 'pods is negative: give 0 or more'),
  hard('a negative fraction', { 'requests.nvidia.com/gpu': '-500m' }, 'requests.nvidia.com/gpu is negative: give 0 or more'),
  hard('half a GPU', { 'requests.nvidia.com/gpu': '500m' }, 'requests.nvidia.com/gpu cannot be divided: give a whole number'),
  hard('half a GPU as 0.5', { 'requests.nvidia.com/gpu': '0.5' }, 'requests.nvidia.com/gpu cannot be divided: give a whole number'),
  hard('one and a half pods', { pods: '1.5' }, 'pods cannot be divided: give a whole number'),
  hard('half a byte', { 'requests.memory': '500m' }, 'requests.memory cannot be divided: give a whole number'),
  ...['1n', '100u', '0.0001', '1.5m', '1e-4', '1000001n', '999999.999999999', '0.0001Ki'].map((cpu) =>
    hard(`${cpu} of CPU`, { 'requests.cpu': cpu }, 'requests.cpu is finer than 1m: give a multiple of 1m, such as 500m or 0.5'),
  ),
  ...['0.1234Gi', '1048576.0001', '0.70001Ei', '1500000001n'].map((memory) =>
    hard(`${memory} of memory`, { 'requests.memory': memory }, 'requests.memory cannot be divided: give a whole number'),
  ),
  hard(
    'half a device of a class',
    { 'big.deviceclass.resource.k8s.io/devices': '500m' },
    'big.deviceclass.resource.k8s.io/devices cannot be divided: give a whole number',
  ),
  hard(
    'limits below requests',
    { 'requests.cpu': '2', 'limits.cpu': '1500m' },
    'limits.cpu is less than requests.cpu: raise it, or leave it out and it follows',
  ),
  hard(
    'memory limits below requests',
    { 'requests.memory': '1Gi', 'limits.memory': '1G' },
    'limits.memory is less than requests.memory: raise it, or leave it out and it follows',
  ),
  {
    name: 'an amount with an unknown unit',
    spec: { hard: { 'requests.cpu': 'two', 'limits.cpu': '1' } },
    want: 'spec.hard[requests.cpu]: Invalid value: "two": an amount is a number with or without a unit, such as 500m, 2 or 10Gi',
  },
  ...[
    'm',
    '.',
    '+',
    '-',
    '',
    'Ki',
    'e3',
    '1e',
    '1e100',
    '1e-100',
    '1E+001',
    '1e-999999999',
    '1e999999999',
    '1 Gi',
    '1KB',
    '1i',
    '0x10',
    '١',
  ].map((amount) => ({
    name: `the amount "${amount}"`,
    spec: { hard: { 'requests.cpu': amount } },
    want: `spec.hard[requests.cpu]: Invalid value: "${amount}": an amount is a number with or without a unit, such as 500m, 2 or 10Gi`,
  })),
  {
    name: 'an amount of too many digits',
    spec: { hard: { pods: `${'0'.repeat(64)}1` } },
    want: 'spec.hard.pods: Too long: may not be more than 64 bytes',
  },
  {
    name: 'half a GPU as a number',
    spec: { hard: { 'requests.nvidia.com/gpu': 0.5 } },
    want: 'spec.hard.requests.nvidia.com/gpu: Invalid value: "number": spec.hard.requests.nvidia.com/gpu in body must be of type integer,string: "number"',
  },
  {
    name: 'more keys than there are',
    spec: { hard: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`requests.a.b/x${i}`, 1])) },
    want: 'spec.hard: Too many: 65: must have at most 64 items',
  },
];

describe('What a Grant may lend', () => {
  before(install);
  judges(ACCEPTANCES, REFUSALS);
});
