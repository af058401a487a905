import type { Condition } from '../../api/meta/object.ts';
import type { Conditioned } from './conditions.ts';

const ABNORMAL = ['Reconciling', 'Stalled'] as const;

type Rules = readonly (readonly [broken: boolean, fault: string])[];

/** What is wrong with an object's conditions by the rules that GitOps tools rely on; nothing, as a rule. Tests look at every status ever written. */
export function conditionFaults(object: Conditioned): readonly string[] {
  const { generation = 0 } = object.metadata;
  const { conditions = [], observedGeneration = -1 } = object.status ?? {};
  const rules = [
    ...generationRules(conditions, observedGeneration, generation),
    ...ABNORMAL.flatMap((type) => abnormalRules(conditions, type)),
    ...readinessRules(conditions),
    ...conditions.flatMap((condition) => wordingRules(condition)),
  ];
  return rules.flatMap(([broken, fault]) => (broken ? [fault] : []));
}

const find = (conditions: readonly Condition[], type: string): Condition | undefined =>
  conditions.find((condition) => condition.type === type);

function generationRules(conditions: readonly Condition[], observed: number, generation: number): Rules {
  const isReady = find(conditions, 'Ready')?.status === 'True';
  return [
    [observed > generation, 'observedGeneration is beyond the generation'],
    [conditions.some((c) => c.observedGeneration > generation), 'a condition observed a generation that is still to come'],
    [isReady && observed !== generation, 'Ready=True for an older generation'],
    [isReady && conditions.some((c) => c.observedGeneration !== observed), 'Ready=True beside a condition of another generation'],
    [find(conditions, 'Stalled') !== undefined && observed !== generation, 'Stalled for an older generation'],
  ];
}

function abnormalRules(conditions: readonly Condition[], type: string): Rules {
  const condition = find(conditions, type);
  const ready = find(conditions, 'Ready');
  if (condition === undefined) return [];
  return [
    [condition.status !== 'True', `${type} is there without being True`],
    [ready?.status === 'True', `${type} beside Ready=True`],
    [condition.reason !== ready?.reason, `${type} has another reason than Ready`],
  ];
}

function readinessRules(conditions: readonly Condition[]): Rules {
  const ready = find(conditions, 'Ready');
  const abnormal = ABNORMAL.filter((type) => find(conditions, type) !== undefined);
  return [
    [abnormal.length > 1, 'Reconciling and Stalled at once'],
    [ready !== undefined && ready.status !== 'True' && abnormal.length === 0, 'not Ready, but neither Reconciling nor Stalled'],
    [new Set(conditions.map(({ type }) => type)).size !== conditions.length, 'a condition stands twice'],
  ];
}

const wordingRules = ({ type, reason, message }: Condition): Rules => [
  [!/^[A-Z][A-Za-z0-9]*$/.test(reason), `${type} has no CamelCase reason`],
  [message === '' || message.includes('\n') || message.endsWith('.'), `${type}: the message is no sentence without a period: "${message}"`],
];
