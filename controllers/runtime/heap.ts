/** A binary heap: the least value is always at hand. */
export interface Heap<T> {
  push(value: T): void;
  peek(): T | undefined;
  pop(): T | undefined;
  /** Drops what does not pass. */
  retain(keep: (value: T) => boolean): void;
  readonly size: number;
}

/** An empty heap ordered by the given comparison. */
export const createHeap = <T>(compare: (a: T, b: T) => number): Heap<T> => new BinaryHeap(compare);

class BinaryHeap<T> implements Heap<T> {
  readonly #compare: (a: T, b: T) => number;
  #values: T[] = [];

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  get size(): number {
    return this.#values.length;
  }

  peek(): T | undefined {
    return this.#values[0];
  }

  push(value: T): void {
    this.#values.push(value);
    for (let i = this.size - 1; i > 0;) {
      const parent = (i - 1) >> 1;
      if (!this.#isLess(i, parent)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  pop(): T | undefined {
    const [first] = this.#values;
    const last = this.#values.pop();
    if (last !== undefined && this.size > 0) {
      this.#values[0] = last;
      this.#sink(0);
    }
    return first;
  }

  retain(keep: (value: T) => boolean): void {
    this.#values = this.#values.filter(keep);
    for (let i = (this.size >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  #sink(from: number): void {
    for (let i = from; ;) {
      const left = 2 * i + 1;
      let least = i;
      for (const child of [left, left + 1]) if (child < this.size && this.#isLess(child, least)) least = child;
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #isLess(i: number, j: number): boolean {
    return this.#compare(this.#at(i), this.#at(j)) < 0;
  }

  #swap(i: number, j: number): void {
    [this.#values[i], this.#values[j]] = [this.#at(j), this.#at(i)];
  }

  #at(i: number): T {
    const value = this.#values[i];
    if (value === undefined) throw new RangeError(`The heap has no place ${i}`);
    return value;
  }
}
