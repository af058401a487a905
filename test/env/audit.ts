import { randomUUID } from 'node:crypto';
import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { rightOf, type Right } from '../../hack/verify/rights.ts';
import { type Api } from './api.ts';
import type { ControlPlane } from './control-plane.ts';

/** One request that could change something, as the API server saw it; refused ones too. */
export interface Write {
  readonly verb: string;
  readonly user: string;
  readonly userAgent: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly uri: string;
  readonly code: number;
}

/** Which writes count: each given field must be equal, a pattern must match. */
export type WriteFilter = { readonly [Field in keyof Write]?: Write[Field] | RegExp };

/** What the API server has seen since the recording began. */
export interface Recording {
  /** Every matching write that was answered before this call, exactly: it sets a barrier and reads the log up to it. */
  readonly writes: () => Promise<readonly Write[]>;
}

/** Starts to record writes at the API server; Kubernetes' own components are left out by the audit policy. */
export async function recordWrites(plane: ControlPlane, api: Api, filter: WriteFilter = {}): Promise<Recording> {
  const before = statSync(plane.auditLog).size;
  const first = await setBarrier(api);
  return {
    writes: async () => {
      const last = await setBarrier(api);
      const lines = readFrom(plane.auditLog, before).split('\n');
      return lines
        .slice(indexOf(first, lines) + 1, indexOf(last, lines))
        .flatMap((line) => writeOf(JSON.parse(line) as AuditEvent))
        .filter((write) => matches(write, filter));
    },
  };
}

/** The line of a request is in the log before its answer is complete, so all writes answered so far stand above this one. */
async function setBarrier(api: Api): Promise<string> {
  const marker = `barrier=${randomUUID()}`;
  const { status } = await api.call('GET', `/version?${marker}`);
  if (status !== 200) throw new Error(`the API server answered ${status} to an audit barrier`);
  return marker;
}

function indexOf(marker: string, lines: readonly string[]): number {
  const index = lines.findIndex((line) => line.includes(marker));
  if (index < 0) throw new Error(`the audit log lacks ${marker}: did the API server die in between?`);
  return index;
}

function readFrom(path: string, offset: number): string {
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(fstatSync(file).size - offset);
    readSync(file, bytes, 0, bytes.length, offset);
    return bytes.toString();
  } finally {
    closeSync(file);
  }
}

/** What whoever calls itself so was refused for want of a right, by the audit log of a control plane's whole life. */
export function forbiddenTo(program: string, { auditLog }: Pick<ControlPlane, 'auditLog'>): readonly string[] {
  const events = readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"userAgent":"${program}/`))
    .map((line) => JSON.parse(line) as AuditEvent);
  const deed = ({ verb, objectRef: { resource, subresource, namespace, name } = {} }: AuditEvent): string =>
    [verb, resource, subresource, namespace, name].join(' ');
  // An API server that has just started knows no roles yet: what is refused once and permitted another time is no missing right.
  const permitted = new Set(events.filter(({ responseStatus }) => (responseStatus?.code ?? 500) < 300).map(deed));
  // A namespace on its way out takes nothing new: that is none either.
  const missing = events.filter(
    (event) =>
      event.responseStatus?.code === 403 && !/being terminated/.test(event.responseStatus.message ?? '') && !permitted.has(deed(event)),
  );
  return [...new Set(missing.map(({ verb, requestURI, responseStatus }) => `${verb} ${requestURI}: ${responseStatus?.message ?? ''}`))];
}

/**
 * Server-side apply is asked for `create` too, and what it meets under the name of something new is looked at; whoever watches must be
 * able to list where the API server can't stream.
 */
const ALONG: Readonly<Record<string, readonly string[]>> = { patch: ['create', 'get'], watch: ['list'] };

/** Everything that a user did and was permitted, by the audit log of a control plane's whole life. */
export function doneBy(user: string, { auditLog }: Pick<ControlPlane, 'auditLog'>): readonly Right[] {
  const lines = readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`"username":"${user}"`));
  const done = lines
    .map((line) => JSON.parse(line) as AuditEvent)
    .filter((event) => (event.impersonatedUser ?? event.user).username === user && event.responseStatus?.code !== 403)
    .flatMap(({ verb, objectRef }) => {
      const { apiGroup, resource, subresource, name } = { ...NO_OBJECT, ...objectRef };
      const whole = subresource === '' ? resource : `${resource}/${subresource}`;
      // A right may be for all objects, or for one by name.
      return [verb, ...(ALONG[verb] ?? [])].flatMap((right) => [rightOf(right, whole, apiGroup), rightOf(right, whole, apiGroup, name)]);
    });
  return [...new Set(done)];
}

const READS = new Set(['get', 'list', 'watch']);
const NO_OBJECT = { apiGroup: '', resource: '', subresource: '', namespace: '', name: '' };

/** The part of audit.k8s.io/v1 Event that matters here. */
interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user: { readonly username: string };
  readonly impersonatedUser?: { readonly username: string };
  readonly objectRef?: Partial<typeof NO_OBJECT>;
  readonly responseStatus?: { readonly code?: number; readonly message?: string };
}

/** Empty for the barriers of others. */
function writeOf(event: AuditEvent): readonly Write[] {
  if (READS.has(event.verb)) return [];
  const { apiGroup: group, resource, subresource, namespace, name } = { ...NO_OBJECT, ...event.objectRef };
  const { username: user } = event.impersonatedUser ?? event.user;
  const { verb, requestURI: uri, userAgent = '' } = event;
  return [{ verb, user, userAgent, group, resource, subresource, namespace, name, uri, code: event.responseStatus?.code ?? 0 }];
}

function matches(write: Write, filter: WriteFilter): boolean {
  const fields: Readonly<Record<string, unknown>> = { ...write };
  return Object.entries(filter).every(([field, want]) =>
    want instanceof RegExp ? want.test(String(fields[field])) : fields[field] === want,
  );
}
