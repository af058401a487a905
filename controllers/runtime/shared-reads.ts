/**
 * Reads of which at most one per key is under way. Who asks meanwhile shares the next one: the present one may be older than the
 * question. So a crowd of askers costs the API server no more than one read after the other.
 */
export function sharedReads<T>(): (key: string, read: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<T>>();
  const next = new Map<string, Promise<T>>();
  const start = (key: string, read: () => Promise<T>): Promise<T> => {
    const reading = read().finally(() => running.delete(key));
    running.set(key, reading);
    return reading;
  };
  return (key, read) => {
    const present = running.get(key);
    if (present === undefined) return start(key, read);
    const begin = () => {
      next.delete(key);
      return start(key, read);
    };
    const waiting = next.get(key) ?? present.then(begin, begin);
    next.set(key, waiting);
    return waiting;
  };
}
