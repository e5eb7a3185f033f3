/**
 * `apple-gfx top`: the system view in a terminal, of a run or of a recording.
 *
 * Invariant: what it shows is what the page shows (src/visualiser/model). Without a terminal, and with --once or --json, it prints plain text and
 * waits for no key.
 */
import { SystemModel } from '../visualiser/model/system.js';
import type { SystemView } from '../visualiser/model/system-types.js';
import { type Sort, SORTS, topScreen } from './top-screen.js';
import { openTopSource, type TopSource } from './top-source.js';
import { Terminal } from './top-terminal.js';
import { UsageError } from './usage-error.js';

export interface TopOptions {
  /** A recording or a dashboard's address; undefined: this user's latest run. */
  readonly target: string | undefined;
  readonly once: boolean;
  readonly json: boolean;
  /** Seconds since the start of a recording; undefined: its end. */
  readonly at: number | undefined;
}

/** How often a terminal is drawn, and how often --json prints, in milliseconds. */
const DRAW_MS = 100;
const PRINT_MS = 1000;
/** A run that sends nothing for so long has sent what was there. */
const SETTLED_MS = 250;
/** The longest that a snapshot of a run waits for that. */
const PATIENCE_MS = 2500;
const SECOND = 1e9;

const HELP: readonly string[] = [
  'q, Ctrl-C   end                        s      sort by the next of place, busy, waiting, rate, name',
  'space       pause, go on               + -    play faster, slower (a recording)',
  'left right  a second back, on          Home End   the beginning, the end, or live',
  ', .         a millisecond back, on     ?      this help',
  '',
];

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resolves when a run has said what it is, or, `whole`, when all of it that there is has come. */
async function settled(source: TopSource, whole: boolean): Promise<void> {
  const begin = performance.now();
  while (source.isLive && source.ended === null && performance.now() - begin < PATIENCE_MS) {
    if (!whole && source.store.header !== null) return;
    await wait(50);
    const isQuiet = performance.now() - source.changedAt > SETTLED_MS;
    // A run of which a second is known has something to say.
    const { start, now } = source.store;
    if (isQuiet || (now - start > SECOND && performance.now() - begin > SECOND / 1e6)) return;
  }
}

function viewAt(model: SystemModel, at: number | undefined): SystemView {
  model.advance();
  return model.at(at === undefined ? null : model.store.start + SECOND * at);
}

/** For programs. */
function jsonOf(view: SystemView, source: TopSource): string {
  return `${JSON.stringify({ title: source.title, isLive: source.isLive && source.ended === null, ...view })}\n`;
}

/** Prints a line of JSON a second, until the run ends. */
async function printJson(source: TopSource, model: SystemModel): Promise<void> {
  for (;;) {
    process.stdout.write(jsonOf(viewAt(model, undefined), source));
    if (source.ended !== null) return;
    await wait(PRINT_MS);
  }
}

/** A terminal in which one moves through time. */
class Top {
  private readonly terminal: Terminal;
  /** The moment that is shown; null: the end. */
  private time: number | null;
  private isPaused = false;
  private speed = 1;
  private sort: Sort = 'place';
  private isHelpShown = false;
  private drawnAt = performance.now();
  private finish: (() => void) | null = null;

  constructor(
    private readonly source: TopSource,
    private readonly model: SystemModel,
    at: number | undefined,
  ) {
    const { start } = source.store;
    this.time = at !== undefined ? start + SECOND * at : source.isLive ? null : start;
    this.isPaused = at !== undefined;
    const input = process.stdin.isTTY ? process.stdin : null;
    this.terminal = new Terminal(input, process.stdout, { onKey: (key) => this.press(key), onResize: () => this.draw() });
  }

  /** Resolves when its user has ended it. */
  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.finish = resolve;
    });
    this.terminal.enter();
    const timer = setInterval(() => this.tick(), DRAW_MS);
    try {
      await ended;
    } finally {
      clearInterval(timer);
      this.terminal.leave();
    }
  }

  private tick(): void {
    const now = performance.now();
    const passed = 1e6 * (now - this.drawnAt) * this.speed;
    this.drawnAt = now;
    if (this.time !== null && !this.isPaused) this.go(this.time + passed);
    if (!this.isPaused) this.draw();
  }

  private go(time: number): void {
    const { start, now } = this.source.store;
    this.time = time >= now ? (this.source.isLive ? null : now) : Math.max(start, time);
  }

  /** Away from the moment that is shown now. */
  private move(nanoseconds: number): void {
    this.go((this.time ?? this.source.store.now) + nanoseconds);
  }

  private press(key: string): void {
    switch (key) {
      case 'q':
      case 'interrupt':
        this.finish?.();
        return;
      case ' ':
        this.isPaused = !this.isPaused;
        if (this.isPaused) this.time ??= this.source.store.now;
        break;
      case 'left':
        this.move(-SECOND);
        break;
      case 'right':
        this.move(SECOND);
        break;
      case ',':
        this.move(-1e6);
        break;
      case '.':
        this.move(1e6);
        break;
      case 'home':
        this.time = this.source.store.start;
        break;
      case 'end':
        this.time = this.source.isLive ? null : this.source.store.now;
        this.isPaused = false;
        break;
      case '+':
        this.speed = Math.min(64, 2 * this.speed);
        break;
      case '-':
        this.speed = Math.max(1 / 64, this.speed / 2);
        break;
      case 's':
        this.sort = SORTS[(SORTS.indexOf(this.sort) + 1) % SORTS.length] ?? 'place';
        break;
      case '?':
        this.isHelpShown = !this.isHelpShown;
        break;
      default:
        return;
    }
    this.draw();
  }

  private state(): string {
    const { source, speed } = this;
    const pace = speed === 1 ? '' : speed > 1 ? ` ×${speed}` : ` ×1/${1 / speed}`;
    const kind = source.isLive ? (source.ended === null ? (this.time === null ? 'live' : 'run') : `ended: ${source.ended}`) : 'recording';
    return `${kind}${this.isPaused ? ', paused' : this.time === null ? '' : pace}${this.sort === 'place' ? '' : `, by ${this.sort}`}`;
  }

  private draw(): void {
    this.model.advance();
    const { model, source, terminal } = this;
    const { thresholds } = model;
    terminal.show(
      topScreen(model.at(this.time), {
        width: terminal.width,
        height: terminal.height,
        colours: (process.env.NO_COLOR ?? '') === '',
        sort: this.sort,
        thresholds,
        title: source.title,
        state: this.state(),
        help: this.isHelpShown ? HELP : null,
      }),
    );
  }
}

/** Gives the exit code. Rejects with UsageError. */
export async function top({ target, once, json, at }: TopOptions): Promise<number> {
  const source = await openTopSource(target);
  try {
    if (at !== undefined && source.isLive) throw new UsageError('--at is a moment of a recording, and this is a run');
    const model = new SystemModel(source.store);
    const isPlain = once || !process.stdout.isTTY;
    await settled(source, isPlain || json);
    if (source.store.header === null) throw new UsageError(`${source.ended ?? 'it has sent nothing'}: expected a recording's header`);
    if (json && !once) await printJson(source, model);
    else if (json) process.stdout.write(jsonOf(viewAt(model, at), source));
    else if (isPlain) process.stdout.write(`${plainScreen(source, model, at).join('\n')}\n`);
    else await new Top(source, model, at).run();
    return 0;
  } finally {
    source.close();
  }
}

function plainScreen(source: TopSource, model: SystemModel, at: number | undefined): readonly string[] {
  const state = source.isLive ? (source.ended ?? 'live') : 'recording';
  const { thresholds } = model;
  const plain = { width: 200, height: Number.POSITIVE_INFINITY, colours: false, sort: 'place', help: null } as const;
  return topScreen(viewAt(model, at), { ...plain, thresholds, title: source.title, state });
}
