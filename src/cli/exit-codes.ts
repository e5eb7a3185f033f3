/**
 * Exit codes that several commands have in common, beside 0 and 1.
 */

/** The device's threads waited for each other. */
export const DEADLOCKED = 3;
