/**
 * Bounds of what a page can make the explorer do, with what each is for.
 */

/** Executions of a search, or its states: what a thread can do in some minutes. A state takes about 100 bytes. */
export const MAX_EXECUTIONS = 5_000_000;
export const MAX_SECONDS = 600;
/** What a page begins with. */
export const FIRST_SECONDS = 30;
/** Heap of the thread that runs worlds, in MiB; one that needs more ends, and its search with it. */
export const THREAD_HEAP_MIB = 1024;
/** How long a part of a search is, between two looks at the clock and at messages, in milliseconds. */
export const PART_MS = 50;
/** How often a page is told how far a search is. */
export const PROGRESS_MS = 200;
/** How long a request may take before its thread is ended, and how long a search may take to hear that it is to stop. */
export const REQUEST_MS = 30_000;
export const STOP_MS = 2000;
/** Requests that wait for the thread at once. */
export const MAX_WAITING = 16;
/** Steps of an execution that are shown; a world of the device's has at most 1000. */
export const MAX_STEPS = 1000;
/** Characters of a value, a step's text, or a name; and of a sentence. */
export const MAX_TEXT = 200;
export const MAX_SENTENCE = 600;
/** Values that are looked at after each step, and those of a whole execution that are sent. */
export const MAX_FIELDS = 400;
export const MAX_CHANGES = 20_000;
/** Points of the curve of what was discovered. */
export const MAX_POINTS = 200;
/** Different ends of executions that are told apart; what is found besides is not counted any more. */
export const MAX_ENDS = 200_000;
/** Ends of so many executions are all looked at, and of each so many after them one, since a look takes as long as an execution. */
export const ALL_ENDS = 4096;
export const EVERY_END = 16;
/** Lines of an explanation. */
export const MAX_WORDS = 40;
/** Properties that a search collects faults of. */
export const MAX_FAULTS = 32;
/** A schedule's text, in characters: as many as a link has room for. */
export const MAX_SCHEDULE = 65_536;
/** Schedules with fewer preemptions that are run to see whether one of them fails too. */
export const CERTIFICATE_SCHEDULES = 20_000;
/** Executions that begin as a moved one does and go on at random, and the steps that they may have in all. */
export const BEYOND_EXECUTIONS = 200;
export const BEYOND_STEPS = 200_000;
