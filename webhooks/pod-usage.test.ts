import { expect } from 'chai';
import { formatQuantity, styleOf } from '../controllers/runtime/quantity.ts';
import { amountsOf, type Amounts } from './amounts.ts';
import { podUsage, templateUsage } from './pod-usage.ts';

const shown = (amounts: Amounts | undefined): Record<string, string> =>
  Object.fromEntries([...(amounts ?? [])].map(([key, amount]) => [key, formatQuantity(amount, styleOf(key))]));
const asking = (requests: object, limits: object = {}, more: object = {}): object => ({ resources: { requests, limits }, ...more });
const cpu = (amount: string, more: object = {}): object => asking({ cpu: amount }, {}, more);
const sidecar = { restartPolicy: 'Always' };
const ONE_POD = { pods: '1', 'count/pods': '1' };

describe('what a Pod takes of a quota', () => {
  const cases: { name: string; spec: object; status?: object; want: Record<string, string> }[] = [
    { name: 'nothing but itself', spec: { containers: [{}] }, want: {} },
    {
      name: 'all containers together, requests and limits',
      spec: { containers: [asking({ cpu: '500m', memory: '1Gi' }, { cpu: '1' }), asking({ cpu: '0.25' }, { cpu: '750m', memory: '1Gi' })] },
      want: {
        cpu: '750m',
        'requests.cpu': '750m',
        memory: '1Gi',
        'requests.memory': '1Gi',
        'limits.cpu': '1750m',
        'limits.memory': '1Gi',
      },
    },
    {
      name: 'an init container, if that takes more than all others together',
      spec: { containers: [cpu('1'), cpu('1')], initContainers: [cpu('3'), cpu('2')] },
      want: { cpu: '3', 'requests.cpu': '3' },
    },
    {
      name: 'a sidecar beside the containers',
      spec: { containers: [cpu('1')], initContainers: [cpu('2', sidecar)] },
      want: { cpu: '3', 'requests.cpu': '3' },
    },
    {
      name: 'an init container beside the sidecars that have begun before it, not after',
      spec: { containers: [cpu('1')], initContainers: [cpu('1', sidecar), cpu('4'), cpu('2', sidecar)] },
      want: { cpu: '5', 'requests.cpu': '5' },
    },
    {
      name: 'its overhead, of limits only where there is one',
      spec: { containers: [asking({ cpu: '1', memory: '1Gi' }, { cpu: '1' })], overhead: { cpu: '250m', memory: '64Mi' } },
      want: { cpu: '1250m', 'requests.cpu': '1250m', memory: '1088Mi', 'requests.memory': '1088Mi', 'limits.cpu': '1250m' },
    },
    {
      name: 'what is said for the Pod as a whole instead',
      spec: { containers: [cpu('1'), cpu('1')], resources: { requests: { cpu: '1500m' }, limits: { cpu: '3' } } },
      want: { cpu: '1500m', 'requests.cpu': '1500m', 'limits.cpu': '3' },
    },
    {
      name: 'scratch space, huge pages and devices by their own keys',
      spec: {
        containers: [asking({ 'ephemeral-storage': '1Gi', 'hugepages-2Mi': '4Mi', 'example.com/gpu': '2' }, { 'example.com/gpu': '2' })],
      },
      want: {
        'ephemeral-storage': '1Gi',
        'requests.ephemeral-storage': '1Gi',
        'hugepages-2Mi': '4Mi',
        'requests.hugepages-2Mi': '4Mi',
        'requests.example.com/gpu': '2',
      },
    },
    {
      name: 'of a container that shrinks what it still holds',
      spec: { containers: [cpu('1', { name: 'a' })] },
      status: { containerStatuses: [{ name: 'a', resources: { requests: { cpu: '2' } }, allocatedResources: { cpu: '3' } }] },
      want: { cpu: '3', 'requests.cpu': '3' },
    },
    {
      name: 'of an init container that ends what it asks for, whatever it holds',
      spec: { containers: [cpu('1')], initContainers: [cpu('2', { name: 'i' })] },
      status: { initContainerStatuses: [{ name: 'i', resources: { requests: { cpu: '9' } } }] },
      want: { cpu: '2', 'requests.cpu': '2' },
    },
    {
      name: 'nothing for what is no amount',
      spec: { containers: [cpu('lots'), cpu('1e999'), asking({ cpu: { toString: 'x' } })], initContainers: 'none', overhead: [1] },
      want: {},
    },
  ];
  for (const { name, spec, status, want } of cases)
    it(`is ${name}`, () => expect(shown(podUsage({ spec, status }))).to.deep.equal({ ...ONE_POD, ...want }));

  it('can’t be told of one that Kubernetes resizes in vain', () => {
    const conditions = [{ type: 'PodResizePending', reason: 'Infeasible' }];
    expect(podUsage({ spec: { containers: [cpu('1')] }, status: { conditions } })).to.equal(undefined);
  });
});

describe('what a Pod of a template would take', () => {
  const defaults = { requests: amountsOf({ cpu: '100m', memory: '128Mi' }), limits: amountsOf({ cpu: '500m', memory: '512Mi' }) };
  const cases: { name: string; container: object; want: Record<string, string> }[] = [
    { name: 'the usual where nothing is said', container: {}, want: { 'requests.cpu': '100m', 'limits.cpu': '500m' } },
    { name: 'what is said', container: asking({ cpu: '1' }, { cpu: '2' }), want: { 'requests.cpu': '1', 'limits.cpu': '2' } },
    {
      name: 'as much as its limit where only that is said',
      container: asking({}, { cpu: '2' }),
      want: { 'requests.cpu': '2', 'limits.cpu': '2' },
    },
  ];
  for (const { name, container, want } of cases)
    it(`is ${name}`, () => expect(shown(templateUsage({ spec: { containers: [container] } }, defaults))).to.include(want));

  it('can’t be told where it speaks for itself as a whole', () => {
    expect(templateUsage({ spec: { containers: [{}], resources: {} } }, defaults)).to.equal(undefined);
  });
});
