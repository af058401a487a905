/** Throws the first failure of several things that were done at once, once all of them have ended, and says how many there are. */
export function mustAllBeDone(outcomes: readonly PromiseSettledResult<unknown>[]): void {
  const [first, ...more] = outcomes.filter((outcome) => outcome.status === 'rejected');
  if (first === undefined) return;
  const cause: unknown = first.reason;
  const why = cause instanceof Error ? cause.message : String(cause);
  throw new Error(more.length === 0 ? why : `${more.length + 1} of ${outcomes.length} failed, the first like this: ${why}`, { cause });
}
