/** Why something was skipped, as the reporter finds it again. */
const reasons = new WeakMap<object, string>();

/** Skips the running test, or from a before hook its whole suite, and tells the reporter why. */
export function skip(context: Mocha.Context, reason: string): never {
  const { test } = context;
  if (test !== undefined) reasons.set(isHook(test) && test.parent !== undefined ? test.parent : test, reason);
  return context.skip();
}

/** The reason given for a skipped test, by itself or by a suite around it. */
export function skipReason(test: Mocha.Test): string | undefined {
  for (let at: Mocha.Test | Mocha.Suite | undefined = test; at !== undefined; at = at.parent) {
    const reason = reasons.get(at);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function isHook(test: Mocha.Runnable): boolean {
  return 'type' in test && test.type === 'hook';
}
