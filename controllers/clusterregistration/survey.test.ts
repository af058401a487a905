import { expect } from 'chai';
import type { Node } from '../../api/meta/builtin.ts';
import { surveyNodes } from './survey.ts';

const node = (name: string, allocatable: Record<string, string>, ready: 'True' | 'False' = 'True', deletionTimestamp?: string): Node => ({
  metadata: { name, uid: name, resourceVersion: '1', ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
  status: {
    allocatable,
    conditions: [
      {
        type: 'Ready',
        status: ready,
        reason: 'r',
        message: 'm',
        lastTransitionTime: '2030-01-01T00:00:00Z',
        lastHeartbeatTime: '2030-01-01T00:00:00Z',
      },
    ],
  },
});

const which = (spec: NonNullable<Node['spec']>, of: Node): Node => ({ ...of, spec });

describe('a survey of the nodes', () => {
  const cases = [
    { name: 'nothing', given: [], want: { nodes: 0, ready: 0, allocatable: { cpu: '0', memory: '0' } } },
    {
      name: 'what ready nodes can carry together',
      given: [node('a', { cpu: '3920m', memory: '16Gi', 'nvidia.com/gpu': '1' }), node('b', { cpu: '80m', memory: '512Mi' })],
      want: { nodes: 2, ready: 2, allocatable: { cpu: '4', memory: '16896Mi', 'nvidia.com/gpu': '1' } },
    },
    {
      name: 'nothing of nodes that are not ready or on their way out',
      given: [node('a', { cpu: '4' }), node('b', { cpu: '4' }, 'False'), node('c', { cpu: '4' }, 'True', '2030-01-01T00:00:00Z')],
      want: { nodes: 3, ready: 1, allocatable: { cpu: '4', memory: '0' } },
    },
    {
      name: 'nothing of nodes that take no Pods of guests: cordoned, or tainted but for a resource that they have',
      given: [
        which({ taints: [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }] }, node('a', { cpu: '4', 'nvidia.com/gpu': '1' })),
        which({ unschedulable: true }, node('b', { cpu: '8' })),
        which({ taints: [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }] }, node('c', { cpu: '16' })),
        which({ taints: [{ key: 'example.com/busy', effect: 'PreferNoSchedule' }] }, node('d', { cpu: '32' })),
      ],
      want: { nodes: 4, ready: 4, allocatable: { cpu: '36', memory: '0', 'nvidia.com/gpu': '1' } },
    },
  ];
  for (const { name, given, want } of cases) it(`counts ${name}`, () => expect(surveyNodes(given)).to.deep.equal(want));

  it('names at most as many resources as the schema allows', () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`example.com/r${i}`, '1']));
    const { allocatable } = surveyNodes([node('a', { cpu: '4', memory: '8Gi', ...many })]);
    expect(Object.keys(allocatable)).to.have.length(32);
    expect(allocatable, 'what everything needs is never left out').to.include({ cpu: '4', memory: '8Gi' });
  });
});
