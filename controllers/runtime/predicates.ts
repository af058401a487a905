import type { K8sObject } from '../../api/meta/object.ts';

/** Whether a change of an object is worth a pass. Nothing may depend on having seen one: it only spares work. */
export type Predicate<T extends K8sObject = K8sObject> = (previous: T, next: T) => boolean;

/** The spec changed. A status write, a label or an annotation does not count. */
export const generationChanged: Predicate = (previous, next) => previous.metadata.generation !== next.metadata.generation;

/** Somebody asked for the object to go. */
export const deletionStarted: Predicate = (previous, next) => previous.metadata.deletionTimestamp !== next.metadata.deletionTimestamp;

/** An annotation that the controller reads changed. */
export const annotationChanged =
  (name: string): Predicate =>
  (previous, next) =>
    previous.metadata.annotations?.[name] !== next.metadata.annotations?.[name];

/** A label that the controller reads changed. */
export const labelChanged =
  (name: string): Predicate =>
  (previous, next) =>
    previous.metadata.labels?.[name] !== next.metadata.labels?.[name];

/** Any of these. */
export const anyOf =
  <T extends K8sObject>(...predicates: readonly Predicate<T>[]): Predicate<T> =>
  (previous, next) =>
    predicates.some((predicate) => predicate(previous, next));
