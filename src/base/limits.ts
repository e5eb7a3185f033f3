/**
 * Every bound of the product, with who holds a slot and why the number is what it is.
 */

/** Records in the BQL actor's mailbox: PVG's threads (13) each hold one unanswered upcall, queued interrupts and display events follow. */
export const BQL_MAILBOX_CAPACITY = 4096;
/** Records in the background queue's mailbox: one per nested access, and display events on their way to the BQL. */
export const BACKGROUND_MAILBOX_CAPACITY = 4096;
/** Records in the render queue's mailbox: at most two frames, their sections and completions; the rest is slack. */
export const RENDER_MAILBOX_CAPACITY = 256;
/** Answers a vCPU may have outstanding: one, since its accesses are synchronous; the rest is slack for late ones. */
export const REPLY_MAILBOX_CAPACITY = 16;
/** Entries of a thread's trace ring, of 48 bytes each, so that all of it stays in the core's cache: about a hundred accesses. */
export const TRACE_RING_ENTRIES = 1024;
/** As TRACE_RING_ENTRIES, of a device that is recorded or shown: what a thread notes in a second of a million events, 3 MiB. */
export const DETAILED_RING_ENTRIES = 65_536;
/** A chunk of a recording, in bytes: the largest picture, 8192·8192 pixels not compressed, is 256 MiB; ours are cut at 32. */
export const MAX_CHUNK_BYTES = 64 * 2 ** 20;
/** JSON in a recording's chunk, in bytes: the header with every machine's chart, a hundred times over. */
export const MAX_CHUNK_JSON_BYTES = 8 * 2 ** 20;
/** Threads in a recording: actors, workers, and PVG's own. */
export const MAX_RECORDED_THREADS = 512;
/** Events of one thread that a trace store keeps unless it is told otherwise, of 42 bytes each; the older half of them goes when there are more. */
export const STORED_EVENTS = 4_000_000;
/** Compressed pictures that a trace store keeps unless it is told otherwise, in bytes. */
export const STORED_FRAME_BYTES = 256 * 2 ** 20;
/** Notes, samples and cursor changes, of each, that a trace store keeps. */
export const STORED_ENTRIES = 200_000;
/** Spans that are kept of a recording, of 41 bytes and some 12 for their rows and pyramid; the older half of them goes when there are more. */
export const KEPT_SPANS = 1_500_000;
/** Arrows between them, of 29 bytes each. */
export const KEPT_ARROWS = 500_000;
/** Jobs whose times are kept, of some 200 bytes with their place in a map. */
export const KEPT_JOBS = 100_000;
/** Ends of arrows that wait for the other end. */
export const PENDING_ARROWS = 16_384;
/** Texts that spans are called by: message kinds, events, states of machines. */
export const SPAN_NAMES = 65_535;
/** Spans and messages that are shown together one by one. */
export const STORY_ITEMS = 20_000;
/** Rows of a lane: nested waits, or machines at work at a time. */
export const LANE_ROWS = 48;
/** Lanes: threads, processors, machines. */
export const SPAN_LANES = 2048;
/** Messages that the system view knows to wait, of a kind each: as many as the BQL actor's mailbox holds, twice over. */
export const MAX_SHOWN_WAITERS = 2 * BQL_MAILBOX_CAPACITY;
/**
 * Events of a thread between two states of it that the system view keeps, to be soon at any moment: some 0.2 ms of work. A state goes with its events, so
 * there are STORED_EVENTS / CHECKPOINT_EVENTS, 489, at most.
 */
export const CHECKPOINT_EVENTS = 8192;
/** Kinds of warnings that are told apart; what is of none of them counts as others. */
export const MAX_WARNING_GROUPS = 64;
/** Moments of one kind of warning that are kept; the older half of them becomes one when there are more. */
export const MAX_WARNING_MOMENTS = 4096;
/** Actors of other programs that a dashboard knows, over all programs; those that came first go first. */
export const INSPECT_MAX_ACTORS = 256;
/** Events of each that are remembered, and characters of what is shown of one, or of a context. */
export const INSPECT_MAX_EVENTS = 50;
/** Characters that are shown of an event, or of a context. */
export const INSPECT_MAX_SHOWN = 2000;
/** A machine's definition, in characters: a chart as large as can be drawn. */
export const INSPECT_MAX_DEFINITION = 256 * 2 ** 10;
/** Messages a second that an inspector of the device's machines is sent: more than any of them draws. */
export const INSPECT_MAX_RATE = 2000;
/** Bytes that such an inspector may leave unread until it is told less. */
export const INSPECT_MAX_UNREAD_BYTES = 2 ** 20;
/** Records taken from a mailbox at once: as many as fit into a thread's transfer (pvg_host.h, PVG_TRANSFER_RECORDS). */
export const TAKE_BATCH = 64;
/** Workers of the background queue that PVG may block at once: an access, and a reset that waits beside it. */
export const BACKGROUND_WORKERS = 2;
/** How long threads may poll before they sleep, in microseconds, unless the embedder says otherwise: a bit more than waking an idle core takes. */
export const POLL_MICROSECONDS = 100;
/** The longest that an embedder can ask for, in microseconds. */
export const MAX_POLL_MICROSECONDS = 1000;
/** The largest side of a surface, in pixels; 16384 · 16384 · 4 bytes is the largest that stays an int32 count of words. */
export const SURFACE_MAX_SIDE = 16_384;
/** A cursor's largest side, in pixels, and how far from its corner its hotspot may be. */
export const CURSOR_MAX_SIDE = 512;
/** Bytes of a cursor glyph's bitmap, padding of its rows included: four times what the largest one needs. */
export const CURSOR_MAX_BYTES = 4 * 2 ** 20;
/** Pieces of one mapMemory call. */
export const MAP_MAX_PIECES = 1024;
/** Memory regions of one address space: a guest behind a virtual IOMMU has hundreds of mappings, each a region. */
export const MAX_REGIONS = 1024;
/** Regions with references: those on the map, and removed ones that something still maps. */
export const MAX_REGION_SLOTS = 4096;
/** Bytes of registers that one readMemory may read: a window's worth; each 4 of them are an access. */
export const DMA_MAX_REGISTER_BYTES = 65_536;
/** Guest RAM of one device, in bytes: 64 GiB. */
export const MAX_RAM_BYTES = 64 * 2 ** 30;
/** A piece of guest memory that is added, in bytes: 1 TiB, the largest RAM of the bridge's. */
export const MAX_MEMORY_BYTES = 2 ** 40;
/** Bytes that are asked at once of another device that serves whole pieces: 1 MiB. */
export const DMA_MAX_PIECE_BYTES = 2 ** 20;
/** Nested waits: each holds a record in the BQL mailbox, so it can't be more. */
export const MAX_NESTED_WAITS = 64;
/** Completions that an update waits for on the BQL actor: one. */
export const UPDATE_MAILBOX_CAPACITY = 16;
/** Most workers of the background queue: one for each nested wait, and one for what nobody waits for. */
export const MAX_BACKGROUND_WORKERS = MAX_NESTED_WAITS + 1;
/** Threads of vCPUs that the watchdog can tell apart; others are not looked at. */
export const MAX_WATCHED_VCPUS = 64;
/** How often the watchdog looks for a deadlock, in milliseconds; it reports one that two looks have seen. */
export const WATCHDOG_PERIOD_MS = 150;
/** A deadlock's report for the threads of vCPUs, in bytes of UTF-8; what is longer is cut off. Two dozen threads at once, a line each. */
export const MAX_DEADLOCK_REPORT_BYTES = 4096;
/** How long close waits for the threads to return before it ends them by force, in milliseconds. */
export const CLOSE_TIMEOUT_MS = 5000;
/** Display modes a device can offer; PVG's own bound. */
export const MAX_DISPLAY_MODES = 128;
/** Interrupt lines or MSI vectors of one device. */
export const MAX_VECTORS = 64;
/** Displays of one device; PVG's own bound. */
export const MAX_DISPLAYS = 8;
/** A PCI option ROM, in bytes: 16 MiB, more than any firmware maps. */
export const MAX_OPTION_ROM_BYTES = 16 * 2 ** 20;
/** The description in a saved state, in bytes of JSON: 1 MiB, a thousand times what a device says of itself. */
export const MAX_SAVED_DESCRIPTION_BYTES = 2 ** 20;
/** Blobs of a saved state: every memory region, PVG's state, each display's surface and cursor, and as many again for what is to come. */
export const MAX_SAVED_BLOBS = 2 * (MAX_REGIONS + 1 + 2 * MAX_DISPLAYS);
/** What a saved state's blobs may take in memory at once, in bytes: 1 GiB. Guest RAM is written and read in pieces instead. */
export const MAX_SAVED_BLOB_BYTES = 2 ** 30;
/** Combinations of states that a machine may have. A table holds a row of steps for each; the largest machine here has 18. */
export const MACHINE_CONFIGURATIONS = 4096;
/** Eventless transitions that may follow one event. */
export const MACHINE_MICROSTEPS = 1000;
/**
 * What each thread of ours may hold in short-lived objects, in MiB: three halves of 1 MiB, as V8 counts. Threads that make next to nothing
 * would otherwise let it grow to 48 before they look what of it is still in use.
 */
export const THREAD_YOUNG_MIB = 3;
/** The latest that a virtual clock may show, in nanoseconds: 146 years (PVG_CLOCK_MAX). */
export const MAX_CLOCK_NANOSECONDS = 2n ** 62n;
/** Viewers of one VNC server, those that are not let in yet included: each has a copy of the picture. */
export const VNC_MAX_VIEWERS = 32;
/** Clients of one QMP socket: a person, what manages the machine, and slack; each holds 64 KiB and what it was not sent yet. */
export const QMP_MAX_CLIENTS = 8;
/** Bytes that one command of a qtest socket may read or write: a picture of 1920×1080 with as much again. A line is twice as long, in hexadecimal. */
export const QTEST_MAX_DATA_BYTES = 16 * 2 ** 20;
/** Bytes that one `memset` of a qtest socket may fill: 1 GiB. */
export const QTEST_MAX_FILL_BYTES = 2 ** 30;
/** Bytes that a client of a qtest socket may send ahead of the answers: two of the longest lines. */
export const QTEST_MAX_AHEAD_BYTES = 4 * QTEST_MAX_DATA_BYTES + 512;
/** Clients of a qtest socket that wait for their turn; further ones are sent away. */
export const QTEST_MAX_WAITING = 8;
/** Bytes that a client of a qtest socket may leave unread until it is sent away: its largest answer, and interrupts. */
export const QTEST_MAX_UNREAD_BYTES = 3 * QTEST_MAX_DATA_BYTES;
/** Bytes that a client of a QMP socket may leave unread until it is sent away. */
export const QMP_MAX_UNREAD_BYTES = 2 ** 20;
/** Connections of a dashboard's server: viewers, and what a browser opens beside for the page's files. */
export const DASHBOARD_MAX_CONNECTIONS = 64;
/** Viewers of a dashboard, and tools that look in by a socket of their own; each holds a piece on its way, and what it was not told yet. */
export const DASHBOARD_MAX_VIEWERS = 32;
/** Bytes of a message that a dashboard's page sends: a schedule of 100 000 steps, twice. */
export const DASHBOARD_MAX_MESSAGE_BYTES = 2 ** 20;
/** Requests of one page's that are carried out at once. */
export const DASHBOARD_MAX_REQUESTS = 16;
/** Messages that wait until a page takes them; then it is read from no more, and events for it are dropped. */
export const DASHBOARD_MAX_QUEUED = 64;
/** Bytes of them, likewise. */
export const DASHBOARD_MAX_QUEUED_BYTES = 2 ** 20;
/** Characters of one answer: what the largest list of schedules has, many times. */
export const DASHBOARD_MAX_ANSWER = 8 * 2 ** 20;
/** Topics that one page may listen to. */
export const DASHBOARD_MAX_TOPICS = 32;
/** Bytes of a file that are read, and sent, at once. */
export const DASHBOARD_FILE_PIECE_BYTES = 256 * 2 ** 10;
/** States of one chart: a hundred times the largest machine here; each is a box on a page. */
export const CHART_MAX_STATES = 2000;
/** Transitions of one chart. */
export const CHART_MAX_TRANSITIONS = 8000;
/** Names, conditions and sentences of a chart, in characters; and names of actions at one place. */
export const CHART_MAX_TEXT = 1000;
/** How deep states of a chart may lie within each other, and conditions of a guard. */
export const CHART_MAX_DEPTH = 64;
/** The text of a chart in SCXML, in characters: 4 MiB. */
export const CHART_MAX_SCXML = 4 * 2 ** 20;
/** Instances of one machine that a page follows at once: every job that a device can have, and as much again for those whose end was lost. */
export const MACHINE_INSTANCES = 4096;
/** Instances that have ended and can still be looked at. */
export const MACHINE_INSTANCES_ENDED = 64;
/**
 * Moments of a recording that a page keeps all its machines of, to go back to: each with MACHINE_INSTANCES instances of all machines at most, so about
 * 16 MiB in all.
 */
export const MACHINE_MOMENTS = 32;
/** Moves of an instance's history that are listed, and events that are looked through for them. */
export const MACHINE_HISTORY = 200;
export const MACHINE_HISTORY_SCANNED = 500_000;
