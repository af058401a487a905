/** On a volume that outlives its slice: the uid of the Grant whose guest wrote it. */
export const RETAINED_FROM = 'keystone.io/retained-from';
/** On the same: until when it stays. */
export const RETAINED_UNTIL = 'keystone.io/retained-until';
/** How long data is kept if nothing is said: a week to notice, and to fetch it. */
export const DEFAULT_RETENTION = '168h';
