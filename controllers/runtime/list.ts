import type { K8sObject } from '../../api/meta/object.ts';
import { ApiError } from './errors.ts';
import type { Collection } from './reflector.ts';
import type { Transport } from './transport.ts';

/** Small enough to parse within one turn of the event loop, large enough that few calls are needed. */
const PAGE = 500;

interface Page {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly K8sObject[];
}

/** The whole collection, page by page, all pages as of one version. */
export async function listPages(
  transport: Transport,
  { acceptList, ...collection }: Collection,
  trim: (object: K8sObject) => K8sObject,
  signal?: AbortSignal,
): Promise<{ readonly objects: readonly K8sObject[]; readonly resourceVersion: string }> {
  const objects: K8sObject[] = [];
  let next: string | undefined;
  for (;;) {
    const query = { ...collection.query, limit: PAGE, continue: next };
    const { metadata, items } = asPage(
      await transport.request({ ...collection, ...(acceptList === undefined ? {} : { accept: acceptList }), method: 'GET', query }, signal),
    );
    for (const item of items ?? []) objects.push(trim(item));
    next = metadata?.continue;
    if (next === undefined || next === '') return { objects, resourceVersion: metadata?.resourceVersion ?? '' };
    // Between pages, everything else gets a turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function asPage(body: unknown): Page {
  if (isPage(body)) return body;
  throw new ApiError(0, 'NoList', 'The API server answered a list with something else');
}

const isPage = (body: unknown): body is Page => typeof body === 'object' && body !== null && 'metadata' in body;
