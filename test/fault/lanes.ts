/** Lets so many tasks run at once, in the order in which they were given; one that needs all for itself waits until it has. */
export interface Lanes {
  run<T>(task: () => Promise<T>, options?: { readonly alone?: boolean }): Promise<T>;
}

/** Lanes that nobody uses yet. */
export function createLanes(count: number): Lanes {
  const waiting: { readonly needs: number; readonly begin: () => void }[] = [];
  let free = count;
  const admit = (): void => {
    for (let [next] = waiting; next !== undefined && next.needs <= free; [next] = waiting) {
      waiting.shift();
      free -= next.needs;
      next.begin();
    }
  };
  return {
    async run(task, { alone = false } = {}) {
      const needs = alone ? count : 1;
      await new Promise<void>((begin) => {
        waiting.push({ needs, begin });
        admit();
      });
      try {
        return await task();
      } finally {
        free += needs;
        admit();
      }
    },
  };
}
