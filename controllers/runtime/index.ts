/** What a room's controller and steps need of the runtime, under one import. What is pure imports the pure file itself: conditions.ts, quantity.ts. */
export type { Reader } from './caches.ts';
export { mapTo, byOwnerLabel, type Scope, type Step } from './definition.ts';
export { defineController, type Controller } from './controller.ts';
export { done, enough, requeueAfter, requeueAt, waitFor, type Outcome } from './outcome.ts';
export { annotationChanged, anyOf, deletionStarted, generationChanged, labelChanged } from './predicates.ts';
export { allow } from './rbac.ts';
export { TerminalError, TransientError, describe, isAlreadyExists, isApiTrouble, isConflict, isNotFound } from './errors.ts';
export { expectCurrent, expectNewest } from './consistency.ts';
export type { LostOwner } from './lost.ts';
export { keyOf } from './resource.ts';
export type { GaugeSpec, Sample } from './gauges.ts';
