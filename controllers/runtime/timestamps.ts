/** A moment as the API server keeps it in a Time: whole seconds. */
export const wholeSeconds = (moment: Date): string => moment.toISOString().replace(/\.\d+Z$/, 'Z');

/** A moment as a MicroTime: six digits, of which we know three. */
export const microTime = (moment: Date): string => moment.toISOString().replace('Z', '000Z');
