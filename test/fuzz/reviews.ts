import { podSpec } from '../integration/grant.hostile-pods.ts';
import type { Dice } from './dice.ts';

/** Hostile bodies for a webhook: real reviews, spoilt in every way that one can think of and some that dice find. */

const resources = { requests: { cpu: '500m', memory: '64Mi', 'example.com/gpu': '1' }, limits: { cpu: '1', memory: '1Gi' } };
const pod = {
  metadata: { name: 'a', namespace: 'slice', uid: 'b', annotations: { a: 'b' } },
  spec: {
    ...podSpec({ resources }),
    initContainers: [{ name: 'i', restartPolicy: 'Always', resources }],
    overhead: { cpu: '10m' },
  },
  status: {
    containerStatuses: [{ name: 'app', resources, allocatedResources: { cpu: '1' } }],
    conditions: [{ type: 'Ready', reason: 'x' }],
  },
};
const claim = {
  metadata: { name: 'c', annotations: {} },
  spec: { storageClassName: 'fast', resources: { requests: { storage: '1Gi' } } },
  status: { allocatedResources: { storage: '2Gi' } },
};
const template = { metadata: {}, spec: podSpec({ resources }) };

const request = (kind: string, operation: string, object: unknown, more: object = {}): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: '705ab4f5-6393-11e8-b7cc-42010a800002',
    kind: { version: 'v1', kind: 'X' },
    resource: { group: kind.split('/')[0], version: 'v1', resource: kind.split('/')[1] },
    name: 'a',
    namespace: 'slice',
    operation,
    userInfo: { username: 'guest', groups: ['a'] },
    object,
    oldObject: null,
    dryRun: false,
    options: null,
    ...more,
  },
});

const SEEDS: readonly object[] = [
  request('/pods', 'CREATE', pod),
  request('/pods', 'UPDATE', pod, { subResource: 'resize', oldObject: pod }),
  request('/persistentvolumeclaims', 'CREATE', claim),
  request('/persistentvolumeclaims', 'UPDATE', claim, { oldObject: claim }),
  request('apps/deployments', 'CREATE', { metadata: {}, spec: { template } }),
  request('batch/cronjobs', 'UPDATE', { spec: { jobTemplate: { spec: { template } } } }, { oldObject: {} }),
  request('/pods', 'DELETE', null, { oldObject: pod }),
];

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'hasOwnProperty',
  'toString',
  'valueOf',
  'length',
  'toJSON',
  'then',
  '',
  '\u0000',
  'cpu',
];
const AMOUNTS = [
  '1e99',
  '1e-99',
  '9'.repeat(64),
  '9'.repeat(65),
  '-1',
  '+5',
  '.5',
  '5.',
  '0x10',
  '1E',
  '1Ei',
  '1Ki',
  '1e',
  'NaN',
  'Infinity',
  ' 1',
  '1n',
  '1m5',
  '9223372036854775808',
];
const LITERALS = [
  'null',
  'true',
  '-0',
  '1e400',
  '-1e400',
  '9007199254740993',
  '0.1',
  '[]',
  '{}',
  '""',
  '[[[[]]]]',
  '{"a":{"b":{"c":1}}}',
  '"\\ud800"',
  '"\\u0000"',
];

/** One body. */
export function hostileBody(dice: Dice): Buffer {
  let text = JSON.stringify(dice.chance(60) ? spoilt(structuredClone(dice.pick(SEEDS)), dice) : dice.pick(SEEDS));
  if (dice.chance(30)) text = torn(text, dice);
  const bytes = Buffer.from(text);
  return dice.chance(20) ? garbled(bytes, dice) : bytes;
}

/** Changes some members, where they are or by what they are called. */
function spoilt(root: object, dice: Dice): object {
  for (let times = 1 + dice.below(4); times > 0; times--) {
    let at: object = root;
    for (let depth = dice.below(9); depth > 0; depth--) {
      const inner = Object.values(at).filter((value): value is object => typeof value === 'object' && value !== null);
      if (inner.length === 0) break;
      at = dice.pick(inner);
    }
    // The length of a list is no member of it.
    const isList = Array.isArray(at);
    const key = dice.pick([...Object.keys(at), isList ? '0' : 'new']);
    // As JSON.parse does it, so that __proto__ is a member like any other.
    const put = (name: string, value: unknown) =>
      Object.defineProperty(at, name, { value, enumerable: true, configurable: true, writable: true });
    if (dice.chance(20)) Reflect.deleteProperty(at, key);
    else if (dice.chance(30) && !isList) put(dice.pick(NAMES), Reflect.get(at, key));
    else if (dice.chance(50)) put(key, dice.pick(AMOUNTS));
    else put(key, JSON.parse(dice.pick(LITERALS)));
  }
  return root;
}

/** Cuts, doubles and fills in, without a thought for grammar. */
function torn(text: string, dice: Dice): string {
  const [from, length] = [dice.below(text.length), dice.below(200)];
  switch (dice.below(5)) {
    case 0:
      return text.slice(0, from);
    case 1:
      return text.slice(0, from) + text.slice(from + length);
    case 2:
      return text.slice(0, from + length) + text.slice(from);
    case 3:
      return text.slice(0, from) + dice.pick(LITERALS) + text.slice(from);
    default:
      // The same key twice: the last one counts, wherever it stands.
      return text.replace(/"(\w+)":/, (all, key: string) => `"${key}":${dice.pick(LITERALS)},${all}`);
  }
}

/** Bytes that are no text any more. */
function garbled(bytes: Buffer, dice: Dice): Buffer {
  for (let times = 1 + dice.below(8); times > 0 && bytes.length > 0; times--) bytes[dice.below(bytes.length)] = dice.below(256);
  return bytes;
}

const thousand = (prefix: string): object => Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`${prefix}${at}.io/x`, '1']));

/** The few that are large, and of which each would cost much if it were believed. */
export const LARGE: readonly Buffer[] = [
  Buffer.alloc(7 * 1024 * 1024, '['),
  Buffer.alloc(7 * 1024 * 1024, '{"a":'),
  Buffer.from(`[${'[],'.repeat(2_300_000)}[]]`),
  Buffer.from(`"${'\\"'.repeat(3_600_000)}"`),
  Buffer.from(`"${'\\\\'.repeat(3_600_000)}"`),
  Buffer.alloc(7 * 1024 * 1024, '9'),
  Buffer.from(JSON.stringify(request('/pods', 'CREATE', { spec: { containers: Array.from({ length: 30_000 }, () => ({ resources })) } }))),
  Buffer.from(
    JSON.stringify(
      request('/pods', 'CREATE', {
        spec: {
          containers: Array.from({ length: 10_000 }, (_, at) => ({ resources: { requests: { [`r${at}.io/x`]: '1' } } })),
          initContainers: Array.from({ length: 10_000 }, (_, at) => ({
            restartPolicy: 'Always',
            resources: { requests: { [`s${at}.io/x`]: '1' } },
          })),
        },
      }),
    ),
  ),
  Buffer.from(
    JSON.stringify(
      request('/pods', 'CREATE', {
        spec: {
          containers: [
            { resources: { requests: Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`r${at}.io/x`, '9'.repeat(20)])) } },
          ],
        },
      }),
    ),
  ),
  // Of one name all: what is said of one container would be read for each of them.
  Buffer.from(
    JSON.stringify(
      request('/pods', 'CREATE', {
        spec: { containers: Array.from({ length: 30_000 }, () => ({ name: 'a' })) },
        status: { containerStatuses: [{ name: 'a', resources: { requests: thousand('r'), limits: thousand('l') } }] },
      }),
    ),
  ),
];
