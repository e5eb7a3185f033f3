/**
 * How far a search is, on stderr: one line that is written over itself on a terminal, a line every few seconds elsewhere.
 */
import type { Explored } from '../explorer/search.js';

const ON_TERMINAL_MS = 200;
const ELSEWHERE_MS = 3000;
const BAR = 20;

export class Progress {
  private readonly isTerminal = process.stderr.isTTY === true;
  private readonly started = performance.now();
  private shown = this.started;

  constructor(private readonly name: string) {}

  /** `done`: 0..1, or null if nobody knows. */
  show(explored: Explored, done: number | null): void {
    const now = performance.now();
    if (now - this.shown < (this.isTerminal ? ON_TERMINAL_MS : ELSEWHERE_MS)) return;
    this.shown = now;
    const text = progressLine(this.name, explored, done, (now - this.started) / 1000);
    process.stderr.write(this.isTerminal ? `\r\x1b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}` : `${text}\n`);
  }

  end(): void {
    if (this.isTerminal) process.stderr.write('\r\x1b[K');
  }
}

export function progressLine(name: string, explored: Explored, done: number | null, seconds: number): string {
  const parts = [`${name}: ${grouped(explored.schedules)} schedules`];
  if (explored.states !== undefined) parts.push(`${grouped(explored.states)} states`);
  parts.push(`${grouped(Math.round(explored.schedules / Math.max(seconds, 0.001)))} a second`);
  if (explored.faults.length > 0) parts.push(`${explored.faults.length} broken`);
  if (done === null) return parts.join(' · ');
  const filled = Math.round(Math.min(1, done) * BAR);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(BAR - filled)}] ${percent(done)}`;
  return [bar, ...parts, `about ${left(done, seconds)} left`].join(' · ');
}

function percent(done: number): string {
  const value = 100 * Math.min(1, done);
  return `${value >= 10 || value === 0 ? value.toFixed(0) : value.toPrecision(1)} %`;
}

/** What is left, if it goes on as before. */
function left(done: number, seconds: number): string {
  if (done <= 0) return 'an unknown time';
  const rest = (seconds * (1 - Math.min(1, done))) / done;
  if (rest < 120) return `${Math.ceil(rest)} s`;
  if (rest < 7200) return `${Math.ceil(rest / 60)} min`;
  return rest < 1e8 ? `${Math.ceil(rest / 3600)} h` : 'years';
}

export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ' ');
}
