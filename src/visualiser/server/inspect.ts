/**
 * `/inspect` of a dashboard: @statelyai/inspect's protocol both ways, with the token as `?token=`.
 *
 * A program whose inspector connects tells of its actors, which pages show (topic and methods `inspect.*`), and which other inspectors are told of as well.
 * Who connects and says nothing is an inspector: it is told of the device's machines. Invariant: what programs say is checked and bounded; an inspector that
 * doesn't read is told less, and then nothing, and nobody waits for it. The device's recording is read only while an inspector is there.
 */
import { WebSocket } from 'ws';
import { describeError } from '../../base/errors.js';
import { INSPECT_MAX_UNREAD_BYTES } from '../../base/limits.js';
import { ChunkDecoder } from '../../trace/recording/decoder.js';
import { TraceStore } from '../../trace/recording/trace-store.js';
import { layOut } from '../chart/elk-layout.js';
import { chartOfJson } from '../chart/from-machine.js';
import type { ChartModel } from '../chart/model.js';
import { DeviceInspection } from '../inspect/device-inspection.js';
import { ForeignActors } from '../inspect/foreign-actors.js';
import { readInspectMessage } from '../inspect/protocol.js';
import type { DashboardModule, DashboardRegistry } from './dashboard.js';
import { BAD_MESSAGE } from './protocol.js';

/** How often pages are told, at most, in milliseconds. */
const PUBLISH_MS = 50;
/** Charts that are kept laid out, and wrong messages that a program may send. */
const MAX_CHARTS = 64;
const MAX_WRONG = 10;
/** Events of a thread that are kept until they are told. */
const KEPT_EVENTS = 20_000;

/** The device's recording, read for one inspector. */
class DeviceReader {
  private readonly store = new TraceStore({ events: KEPT_EVENTS, frameBytes: 1, entries: 100 });
  private readonly decoder = new ChunkDecoder();
  private inspection: DeviceInspection | null = null;
  private preamble = 0;
  private next: number;
  private isReading = false;
  private isAsked = false;
  private isStopped = false;

  constructor(
    private readonly source: DashboardRegistry['source'],
    private readonly tell: (messages: readonly unknown[]) => void,
  ) {
    // Of a run, what comes from here on; of a file, all.
    this.next = source.isLive ? source.end : source.first;
  }

  /** It is not read any further. */
  stop(): void {
    this.isStopped = true;
  }

  /** Reads what there is. Called again while it reads, it looks once more. */
  async advance(): Promise<void> {
    this.isAsked = true;
    if (this.isReading) return;
    this.isReading = true;
    try {
      while (this.isAsked) {
        this.isAsked = false;
        await this.readOn();
      }
    } finally {
      this.isReading = false;
    }
  }

  private async readOn(): Promise<void> {
    const { source } = this;
    for (; this.preamble < source.preamble.length; this.preamble++) this.take(source.preamble[this.preamble] as Uint8Array);
    this.next = Math.max(this.next, source.first);
    while (this.next < source.end && !this.isStopped) {
      const piece = await source.read(this.next++);
      if (this.store.header !== null && this.inspection !== null) this.tell(this.inspection.advance());
      // Threads may have come with it.
      for (; this.preamble < source.preamble.length; this.preamble++) this.take(source.preamble[this.preamble] as Uint8Array);
      if (piece !== null) this.take(piece);
    }
    if (this.store.header === null || this.isStopped) return;
    if (this.inspection === null) {
      this.inspection = new DeviceInspection(this.store);
      this.tell([this.inspection.first()]);
    }
    this.tell(this.inspection.advance());
  }

  private take(bytes: Uint8Array): void {
    for (const chunk of this.decoder.push(bytes)) this.store.apply(chunk);
  }
}

/** One that doesn't read is told less. */
function relay(socket: WebSocket, text: string): void {
  if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount < INSPECT_MAX_UNREAD_BYTES) socket.send(text);
}

class InspectEndpoint {
  private readonly actors = new ForeignActors();
  private readonly inspectors = new Set<WebSocket>();
  private readonly charts = new Map<string, Promise<ChartModel>>();
  private programs = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly registry: DashboardRegistry) {
    registry.topic('inspect');
    registry.method('inspect.list', () => this.actors.list());
    registry.method('inspect.chart', ({ id }) => (typeof id === 'string' ? this.chart(id) : null));
    registry.socket('/inspect', (socket) => this.serve(socket));
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
  }

  private serve(socket: WebSocket): void {
    const unlisten = this.tellDevice(socket);
    let program = 0;
    let wrong = 0;
    this.inspectors.add(socket);
    const isProgram = (): void => {
      unlisten();
      this.inspectors.delete(socket);
    };
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? 'a binary message: expected JSON' : readInspectMessage(String(data));
      if (typeof message === 'string') {
        if (++wrong >= MAX_WRONG) socket.close(BAD_MESSAGE, message.slice(0, 120));
        return;
      }
      isProgram();
      if (program === 0) program = ++this.programs;
      if (message === null) return;
      this.actors.take(program, message, Date.now());
      this.publish();
      for (const inspector of this.inspectors) relay(inspector, String(data));
    });
    socket.once('close', () => {
      isProgram();
      if (program === 0) return;
      this.actors.left(program);
      this.publish();
    });
  }

  /** Tells an inspector of the device's machines, until what it returns is called. */
  private tellDevice(socket: WebSocket): () => void {
    const { source } = this.registry;
    const reader = new DeviceReader(source, (messages) => {
      for (const message of messages) relay(socket, JSON.stringify(message));
    });
    const advance = (): void => {
      reader.advance().catch((error: unknown) => socket.close(BAD_MESSAGE, describeError(error).slice(0, 120)));
    };
    const unlisten = source.onChange(advance);
    advance();
    return () => {
      reader.stop();
      unlisten();
    };
  }

  /** Tells pages that there is something new, soon. */
  private publish(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      if (this.registry.hasListeners('inspect')) this.registry.publish('inspect', { actors: this.actors.list() });
    }, PUBLISH_MS);
  }

  /** An actor's chart, laid out. Rejects with ChartError for a definition that is none. */
  private chart(id: string): Promise<ChartModel> | null {
    const definition = this.actors.definition(id);
    if (definition === null) return null;
    const known = this.charts.get(definition);
    if (known !== undefined) return known;
    const [oldest] = this.charts.keys();
    if (this.charts.size >= MAX_CHARTS && oldest !== undefined) this.charts.delete(oldest);
    const made = (async () => layOut(chartOfJson(definition)))();
    this.charts.set(definition, made);
    return made;
  }
}

/** The part of a dashboard that speaks with inspectors. */
export const inspectModule: DashboardModule = (registry) => {
  const endpoint = new InspectEndpoint(registry);
  return () => endpoint.close();
};
