/** A binary heap: the least value is always at hand. */
export interface Heap<T> {
  push(value: T): void;
  peek(): T | undefined;
  pop(): T | undefined;
  readonly size: number;
}

/** An empty heap ordered by the given comparison. */
export function createHeap<T>(compare: (a: T, b: T) => number): Heap<T> {
  const values: T[] = [];
  const at = (i: number): T => {
    const value = values[i];
    if (value === undefined) throw new RangeError(`The heap has no place ${i}`);
    return value;
  };
  const less = (i: number, j: number): boolean => compare(at(i), at(j)) < 0;
  const swap = (i: number, j: number): void => {
    [values[i], values[j]] = [at(j), at(i)];
  };
  function sink(from: number): void {
    for (let i = from; ;) {
      const left = 2 * i + 1;
      let least = i;
      if (left < values.length && less(left, least)) least = left;
      if (left + 1 < values.length && less(left + 1, least)) least = left + 1;
      if (least === i) return;
      swap(i, least);
      i = least;
    }
  }
  return {
    push(value) {
      values.push(value);
      for (let i = values.length - 1; i > 0;) {
        const parent = (i - 1) >> 1;
        if (!less(i, parent)) return;
        swap(i, parent);
        i = parent;
      }
    },
    peek: () => values[0],
    pop() {
      const [first] = values;
      const last = values.pop();
      if (last !== undefined && values.length > 0) {
        values[0] = last;
        sink(0);
      }
      return first;
    },
    get size() {
      return values.length;
    },
  };
}
