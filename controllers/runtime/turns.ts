/** How long work that waits for nothing may keep the event loop before everything else gets a turn. */
const TURN_MS = 8;
/** The same while somebody waits for what others answer: each answer would wait for half a turn. */
const HASTY_TURN_MS = 1;

let since = performance.now();
let turning: Promise<void> | undefined;
let hurried = 0;

/** Until it is disposed of, everybody keeps the event loop for less. */
export function hurry(): Disposable {
  hurried += 1;
  return { [Symbol.dispose]: () => void (hurried -= 1) };
}

/**
 * Called between two of many things to do: once in a while it waits until everything else had a turn. Shared by the whole process,
 * since the event loop is: ten that took turns each by its own count would keep it ten times as long.
 */
export function giveTurn(): Promise<void> | undefined {
  if (turning === undefined && performance.now() - since < (hurried > 0 ? HASTY_TURN_MS : TURN_MS)) return undefined;
  turning ??= new Promise((resolve) =>
    setImmediate(() => {
      since = performance.now();
      turning = undefined;
      resolve();
    }),
  );
  return turning;
}
