/** A request as it passed the fault proxy. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly watch: boolean;
  /** performance.now() at its arrival. */
  readonly at: number;
}

/** Which requests a fault is for; what is left out does not matter. A string is a whole path. */
export interface Match {
  readonly path?: string | RegExp;
  readonly method?: string;
  readonly watch?: boolean;
}

/** A watch event as it comes from the API server. */
export interface WatchEvent {
  readonly type: string;
  readonly object: { readonly kind?: string; readonly metadata?: { readonly name?: string; readonly namespace?: string } };
}

/** What happens to a request or an event instead of passing. */
export type Action =
  | { readonly kind: 'answer'; readonly status: number; readonly retryAfterSeconds?: number }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'swallow'; readonly which: (event: WatchEvent) => boolean };

/** A fault that lies in wait. */
export interface Fault {
  /** How often it has struck. */
  readonly hits: () => number;
  /** Takes it away before it has struck as often as it was meant to. */
  readonly remove: () => void;
}

/** The faults that lie in wait, in the order in which they were laid. */
export interface Ambush {
  readonly lay: (match: Match, action: Action, times: number) => Fault;
  /** Uses up one strike of the first fault that this request must answer for. */
  readonly answerTo: (seen: SeenRequest) => Extract<Action, { kind: 'answer' }> | undefined;
  /** Uses up one strike of the first fault that is meant for this event. */
  readonly onEvent: (seen: SeenRequest, line: string) => Exclude<Action, { kind: 'answer' }> | undefined;
}

/** Whether a request is one of those meant. */
export function isMeant(seen: SeenRequest, { path, method, watch }: Match): boolean {
  if (path instanceof RegExp ? !path.test(seen.path) : path !== undefined && path !== seen.path) return false;
  return (method === undefined || method === seen.method) && (watch === undefined || watch === seen.watch);
}

/** An ambush without faults. */
export function newAmbush(): Ambush {
  const laid = new Set<{ readonly match: Match; readonly action: Action; left: number }>();
  const strike = <A extends Action>(seen: SeenRequest, isFor: (action: Action) => action is A): A | undefined => {
    for (const fault of laid) {
      if (fault.left === 0 || !isFor(fault.action) || !isMeant(seen, fault.match)) continue;
      fault.left -= 1;
      return fault.action;
    }
    return undefined;
  };
  return {
    lay: (match, action, times) => {
      const fault = { match, action, left: times };
      laid.add(fault);
      return { hits: () => times - fault.left, remove: () => laid.delete(fault) };
    },
    answerTo: (seen) => strike(seen, (action) => action.kind === 'answer'),
    onEvent: (seen, line) => strike(seen, (action) => isForEvent(action, line)),
  };
}

function isForEvent(action: Action, line: string): action is Exclude<Action, { kind: 'answer' }> {
  return action.kind === 'cut' || (action.kind === 'swallow' && action.which(JSON.parse(line) as WatchEvent));
}
