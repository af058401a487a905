import type { ConditionedStatus, K8sObject, Resource } from '../../api/meta/object.ts';
import { createWriter, type ApplyMemory } from './children.ts';
import type { Client } from './client.ts';
import { saysAlready, settleStatus, type Conditioned, type Halt } from './conditions.ts';
import type { Gate } from './consistency.ts';
import type { ControllerSpec, Scope, Step } from './definition.ts';
import type { Informers, Reader } from './caches.ts';
import { ApiError, TerminalError, TransientError, describe, isApiTrouble, isNotFound } from './errors.ts';
import type { Logger } from './log.ts';
import { lostKey } from './lost.ts';
import type { Meter } from './meter.ts';
import { sooner } from './outcome.ts';
import { CONTROLLER_LABEL, OWNER_UID_LABEL } from './ownership.ts';
import { keyOf } from './resource.ts';

/** How a pass ended, for the queue. */
export type PassResult =
  | { readonly kind: 'done' }
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'failed'; readonly error: unknown };

/** What all passes of one controller share. */
export interface PassContext {
  readonly client: Client;
  /** Cut off a little later than the pass: one that took too long must be able to say so. */
  readonly statusClient: Client;
  readonly cache: Reader;
  readonly gate: Gate;
  readonly memory: ApplyMemory;
  readonly informers: Informers;
  readonly meter: Meter;
  /** Hears what became of an object once its status says so. */
  readonly tell: (object: Conditioned, status: ConditionedStatus, halt: Halt | undefined) => void;
  /** Hears what is about to be written as an object's status. */
  readonly says: (object: K8sObject, status: ConditionedStatus) => void;
  /** Hears the status of each pass, whether it has to be written or not. */
  readonly found: (object: K8sObject, status: ConditionedStatus) => void;
}

/** What belongs to one pass only. */
export interface PassMoment {
  readonly now: Date;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What holds an object until its controller has cleared away what it made. */
export const finalizerOf = ({ for: { group }, name }: { readonly for: Resource; readonly name: string }): string => `${group}/${name}`;

/** One look at one object: finalizer, steps, status. Each write is safe to repeat, so that a crash anywhere only costs a pass. */
export async function runPass<T extends Conditioned, F>(
  spec: ControllerSpec<T, F>,
  object: T,
  context: PassContext,
  moment: PassMoment,
): Promise<PassResult> {
  const finalizer = finalizerOf(spec);
  const { finalizers = [], deletionTimestamp } = object.metadata;
  const held = finalizers.includes(finalizer);
  const leaving = deletionTimestamp !== undefined;
  if (leaving && !held && !isLeftBehind(spec, object, context.cache)) return { kind: 'done' };
  const owner = { controller: spec.name, resource: spec.for, metadata: object.metadata, status: object.status };
  const scope: Scope<T, F> = { object, facts: spec.facts(), cache: context.cache, client: createWriter({ ...context, owner }), ...moment };
  // Alone and first: nothing may exist that a deletion could miss.
  if (!leaving && !held && needsFinalizer(spec, object, context.cache)) return holdOn(spec, scope, context, [...finalizers, finalizer]);
  if (leaving)
    return runEnding(
      spec,
      scope,
      context,
      finalizers.filter((name) => name !== finalizer),
    );
  const result = await runSteps(spec.plan(object, moment.now), scope);
  return conclude(spec, scope, context, result);
}

const needsFinalizer = <T extends Conditioned, F>({ ending, concernsUs }: ControllerSpec<T, F>, object: T, cache: Reader): boolean =>
  ending !== undefined && (concernsUs?.(object, cache) ?? true);

/** Whether somebody took our finalizer off an object that is being deleted, and what we made is still there: it can't be set again. */
const isLeftBehind = <T extends Conditioned, F>({ lost, owns = [], name }: ControllerSpec<T, F>, object: T, cache: Reader): boolean =>
  lost !== undefined && owns.some((declare) => cache.ownedBy(declare(name).resource, object).length > 0);

async function holdOn<T extends Conditioned, F>(
  spec: ControllerSpec<T, F>,
  scope: Scope<T, F>,
  context: PassContext,
  finalizers: readonly string[],
): Promise<PassResult> {
  try {
    context.gate.wrote(keyOf(scope.object), spec.for, await context.client.setFinalizers(spec.for, scope.object, finalizers));
    return { kind: 'again', afterMs: 0 };
  } catch (error) {
    return conclude(spec, scope, context, { halt: haltOf(error), error });
  }
}

/** How often an ending that only a human can mend is tried again. */
const BLOCKED_MS = 60_000;

/** Undoes what was made, and lets the object go once nothing is left. */
async function runEnding<T extends Conditioned, F>(
  spec: ControllerSpec<T, F>,
  scope: Scope<T, F>,
  context: PassContext,
  otherFinalizers: readonly string[],
): Promise<PassResult> {
  const result = await runSteps(spec.ending ?? [], scope);
  const { halt } = result;
  // Whoever deletes an object waits for it: what only a human can mend is said as such, and looked at again all the same.
  if (halt?.kind === 'terminal') return conclude(spec, scope, context, { halt, afterMs: BLOCKED_MS });
  if (halt !== undefined) return conclude(spec, scope, context, { ...result, halt: { ...halt, reason: 'Deleting' } });
  try {
    await expectNothingLeft(spec, scope);
    await context.client.setFinalizers(spec.for, scope.object, otherFinalizers);
  } catch (error) {
    // Gone already is as good.
    if (!isNotFound(error)) throw error;
  }
  return { kind: 'done' };
}

/** Takes away what an owner left behind that is gone: nobody is there to hold, and nobody to tell. */
export async function runLost<T extends Conditioned, F>(
  spec: ControllerSpec<T, F>,
  object: T,
  context: PassContext,
  moment: PassMoment,
): Promise<PassResult> {
  const owner = { controller: spec.name, resource: spec.for, metadata: object.metadata, gone: true, key: lostKey(object.metadata.uid) };
  const scope: Scope<T, F> = { object, facts: spec.facts(), cache: context.cache, client: createWriter({ ...context, owner }), ...moment };
  const { halt, afterMs, error } = await runSteps(spec.ending ?? [], scope);
  if (error !== undefined) return { kind: 'failed', error };
  return halt === undefined && afterMs === undefined ? { kind: 'done' } : { kind: 'again', afterMs: afterMs ?? BLOCKED_MS };
}

/**
 * The steps saw nothing left, in caches that may lag behind: a child that they do not show yet would be nobody's for ever, unless
 * lost owners are looked after. One that is on its way out goes on going without us.
 */
async function expectNothingLeft<T extends Conditioned, F>(spec: ControllerSpec<T, F>, { object, client }: Scope<T, F>): Promise<void> {
  if (spec.lost !== undefined) return;
  for (const declare of spec.owns ?? []) {
    const { resource, selection } = declare(spec.name);
    const labels = `${CONTROLLER_LABEL}=${spec.name},${OWNER_UID_LABEL}=${object.metadata.uid}`;
    const left = await client.list(resource, { ...selection, labels });
    const unseen = left.find(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (unseen === undefined) continue;
    // A conflict like any other: look again when the cache has caught up.
    throw new ApiError(409, 'ChildUnseen', `${resource.kind} ${keyOf(unseen)} is there and not in the cache yet`);
  }
}

/** Writes what the pass found, and tells the queue how it ended. */
async function conclude<T extends Conditioned, F>(
  spec: ControllerSpec<T, F>,
  scope: Scope<T, F>,
  context: PassContext,
  { halt, afterMs, error }: StepsResult,
): Promise<PassResult> {
  try {
    if (!isApiTrouble(error)) await writeStatus(spec, scope, context, halt);
  } catch (statusError) {
    // What is not tried again must have been said: otherwise nobody would ever hear of it.
    if (error === undefined || error instanceof TerminalError) throw statusError;
    // What the pass failed of matters more than that it could not be said; the next pass says it.
    scope.log.warn('Could not write the status', { cause: describe(statusError) });
  }
  if (error !== undefined) return { kind: 'failed', error };
  return afterMs === undefined ? { kind: 'done' } : { kind: 'again', afterMs };
}

interface StepsResult {
  readonly halt?: Halt;
  readonly afterMs?: number | undefined;
  readonly error?: unknown;
}

/** Runs the steps in order until one waits or throws; the earliest wish to look again counts. */
async function runSteps<T extends Conditioned, F>(steps: readonly Step<T, F>[], scope: Scope<T, F>): Promise<StepsResult> {
  let afterMs: number | undefined;
  for (const step of steps) {
    try {
      const outcome = (await step(scope)) ?? { kind: 'done' };
      if (outcome.kind === 'again') afterMs = sooner(afterMs, outcome.afterMs);
      if (outcome.kind === 'enough') break;
      if (outcome.kind !== 'wait') continue;
      const { reason, message } = outcome;
      return { halt: { kind: 'waiting', reason, message }, afterMs: sooner(afterMs, outcome.afterMs) };
    } catch (thrown) {
      // A call that was cut off says that it was cut off; the reason is who cut it.
      const error: unknown = scope.signal.aborted ? scope.signal.reason : thrown;
      return { halt: haltOf(error), error };
    }
  }
  return { afterMs };
}

/** What a thrown error says in the status. */
function haltOf(error: unknown): Halt {
  const message = describe(error);
  if (error instanceof TerminalError) return { kind: 'terminal', reason: error.reason, message };
  return { kind: 'failed', reason: error instanceof TransientError ? error.reason : 'ReconcileError', message };
}

async function writeStatus<T extends Conditioned, F>(
  spec: ControllerSpec<T, F>,
  scope: Scope<T, F>,
  context: PassContext,
  halt: Halt | undefined,
): Promise<void> {
  const { object, facts, now } = scope;
  const moment = { object, now, halt };
  const status = settleStatus(spec.status(facts, moment), moment);
  context.found(object, status);
  if (saysAlready(object, status)) return;
  context.says(object, status);
  try {
    context.gate.wrote(keyOf(object), spec.for, await context.statusClient.applyStatus(spec.for, object, status));
    context.tell(object, status, halt);
  } catch (error) {
    // Gone meanwhile: there is nobody left to tell.
    if (!isNotFound(error)) throw error;
  }
}
