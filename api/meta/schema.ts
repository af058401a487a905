// The vocabulary in which kinds are written: one value gives the type, the resource, the CRD and the docs.
export { columns } from './columns.ts';
export { exactlyOne, immutable, labelSelector, list, localRef, map, object, rule } from './containers.ts';
export { crd, type Kind } from './crd.ts';
export type { ConditionTypeOf, Infer, ReasonOf, Schema } from './infer.ts';
export { bool, dateTime, enumeration, inOrder, int32, int64, isAmount, quantity, text, timestamp } from './scalars.ts';
export { conditioned, type ConditionMeaning, type ReasonMeaning } from './status.ts';
export { sharedConditions, sharedReasons } from './shared.ts';
