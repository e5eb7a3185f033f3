/**
 * A model of the device for the guest's driver, from layout.h's words: it decodes what the driver wrote and remembers it.
 *
 * It takes frames at the doorbell, or, if it is `lazy`, one per display whenever the guest sleeps. It can be closed at any access, and
 * continued on a copy of its RAM. It draws no pixels; a packet that it does not expect is a fault.
 */
import { DeviceClosedError } from '../../src/base/errors.js';
import * as L from '../../src/guest/layout.js';
import type { GuestMachine } from '../../src/guest/machine.js';
import { ModelMapper } from './model-mapper.js';

export interface ModelOptions {
  /** Each port's mode list, 'WIDTHxHEIGHT' each. */
  readonly modes: readonly (readonly string[])[];
  readonly iosfc?: boolean;
  readonly lazy?: boolean;
  readonly pageShift?: 12 | 14;
}

/** A frame that became the current one. */
export interface Presented {
  readonly port: number;
  readonly frame: number;
  /** The mode's size then. */
  readonly size: string;
  /** The drawing commands' words. */
  readonly commands: string;
  readonly cursor: { readonly x: number; readonly y: number };
}

const initialPort = () => ({ mode: 'none', modes: [] as string[], page: 0, acknowledged: false, cursor: '', drawing: '' });
const initialFifo = () => ({ ring: 0, data: 0, read: 0, rung: false });
const hex = (value: number): string => `0x${value.toString(16)}`;

export class ModelDevice implements GuestMachine {
  readonly ram = new Uint8Array(5 * 2 ** 20);
  readonly ramBase = 0x1_4000_0000;
  readonly pageShift: 12 | 14;
  readonly hasIosfc: boolean;
  mapper: ModelMapper;
  /** Accesses of the guest, in order: 'read 0x1014', 'write 0x1020 1', and 'sleep'. */
  readonly accesses: string[] = [];
  /** Packets of the control ring: opcode and body. */
  readonly control: string[] = [];
  readonly presented: Presented[] = [];
  /** The most frames of one display that the device ever had. */
  mostAhead = 0;
  /** How often the guest slept in vain. */
  timeouts = 0;
  /** The access of that number, counted from 0, and all later ones find the device closed. */
  closedAt = Number.POSITIVE_INFINITY;
  /** Called before an access has its effect. */
  onAccess: (access: string) => void = () => undefined;
  private readonly memory: DataView;
  private raised = 0;
  private made = 0;
  private state = {
    registers: {} as Record<number, number>,
    running: false,
    fault: 0,
    gpuStatus: 0,
    displayStatus: 0,
    controlRead: 0,
    task: { length: 0, gpa: 0 },
    ports: [] as ReturnType<typeof initialPort>[],
    fifos: Array.from({ length: L.CHILD_FIFO_MAX + 1 }, initialFifo),
  };

  constructor(private readonly options: ModelOptions) {
    this.pageShift = options.pageShift ?? 14;
    this.hasIosfc = options.iosfc ?? false;
    this.memory = new DataView(this.ram.buffer);
    this.mapper = new ModelMapper(this.memory, this.ramBase);
    this.state.ports = options.modes.map((modes) => ({ ...initialPort(), modes: [...modes] }));
  }

  /** The device resumed on a copy of its RAM; interrupts that were not taken are gone. */
  successor(): ModelDevice {
    const next = new ModelDevice(this.options);
    next.ram.set(this.ram);
    next.state = structuredClone(this.state);
    next.mapper = this.mapper.successor(next.memory);
    return next;
  }

  read(offset: number): number {
    this.access(`read ${hex(offset)}`);
    const { state } = this;
    const port = state.ports[this.register(L.REG_DISPLAY)];
    const [width = 0, height = 0] = port?.modes[this.register(L.REG_MODE_SELECT)]?.split('x').map(Number) ?? [];
    switch (offset) {
      case L.REG_START:
        return state.running ? 1 : 0;
      case L.REG_GPU_STATUS:
        return state.gpuStatus;
      case L.REG_DISPLAY_STATUS:
        return state.displayStatus;
      case L.REG_FAULT:
        return state.fault;
      case L.REG_PORTS:
        return state.ports.length;
      case L.REG_MODE_COUNT:
        return port?.modes.length ?? 0;
      case L.REG_MODE_SIZE:
        return width * 0x1_0000 + height;
      default:
        return this.register(offset);
    }
  }

  write(offset: number, value: number): void {
    this.access(`write ${hex(offset)} ${value}`);
    const { state } = this;
    const port = state.ports[this.register(L.REG_DISPLAY)];
    if (offset === L.REG_START) [state.running, state.fault, state.controlRead] = [true, 0, 0];
    else if (offset === L.REG_GPU_STATUS) state.gpuStatus &= ~value;
    else if (offset === L.REG_DISPLAY_STATUS) state.displayStatus &= ~value;
    else if (offset === L.REG_MODE && port) port.mode = port.modes[value] ?? port.mode;
    else if (offset === L.REG_MAIN_KICK) this.kick();
    else if (offset === L.REG_CHILD_DOORBELL) this.doorbell(value);
    else state.registers[offset] = value;
  }

  readIosfc(offset: number): number {
    this.access(`iosfc read ${hex(offset)}`);
    return this.mapper.read(offset);
  }

  writeIosfc(offset: number, value: number): void {
    this.access(`iosfc write ${hex(offset)} ${value}`);
    this.mapper.write(offset, value);
  }

  waitForInterrupt(): number {
    if (this.made >= this.closedAt) return 0;
    this.accesses.push('sleep');
    for (const fifo of this.state.fifos.keys()) this.frame(fifo);
    const { raised } = this;
    if (raised === 0) this.timeouts++;
    this.raised = 0;
    return raised;
  }

  /** The host offers other modes. */
  setModes(port: number, modes: readonly string[]): void {
    const found = this.state.ports[port];
    if (found) found.modes = [...modes];
    this.event(port, L.DISPLAY_EVENT_MODES);
  }

  fault(code: number, opcode: number): void {
    this.state.fault = code * 0x1_0000 + opcode;
    this.state.gpuStatus |= L.GPU_STATUS_FAULT;
    this.raised |= 1;
  }

  /** The mode in use of a port, as 'WIDTHxHEIGHT'; it stays when the list changes. */
  mode(port: number): string {
    return this.port(port).mode;
  }

  port(port: number): Readonly<ReturnType<typeof initialPort>> {
    return this.state.ports[port] ?? initialPort();
  }

  /** A word of a port's shared page. */
  pageWord(port: number, offset: number): number {
    return this.memory.getUint32(this.port(port).page + offset, true);
  }

  private register(offset: number): number {
    return this.state.registers[offset] ?? 0;
  }

  private access(access: string): void {
    if (this.made >= this.closedAt) throw new DeviceClosedError();
    this.made++;
    this.onAccess(access);
    this.accesses.push(access);
  }

  private offset(gpa: number): number {
    return gpa - this.ramBase;
  }

  private words(at: number, count: number): number[] {
    return Array.from({ length: count }, (_, index) => this.memory.getUint32(at + 4 * index, true));
  }

  /** A packet at counter `position` of a ring: its words. */
  private packet(data: number, position: number, length: number): number[] {
    const word = (index: number): number => this.memory.getUint32(data + ((position + 4 * index) % length), true);
    const size = word(1);
    if (size < L.PACKET_HEADER_SIZE || size > length || size % 4 !== 0) throw new RangeError(`a packet of ${size} bytes`);
    return Array.from({ length: size / 4 }, (_, index) => word(index));
  }

  private kick(): void {
    const ring = this.offset(this.register(L.REG_FIFO_BASE_PFN) * 2 ** this.pageShift);
    while (this.state.controlRead !== this.register(L.REG_FIFO_WRITTEN)) {
      const packet = this.packet(ring, this.state.controlRead, this.register(L.REG_FIFO_LENGTH));
      this.state.controlRead += 4 * packet.length;
      this.carryOut(packet[0] ?? 0, packet.slice(3));
    }
  }

  private carryOut(opcode: number, body: readonly number[]): void {
    this.control.push([hex(opcode), ...body].join(' '));
    const [first = 0, second = 0, third = 0] = body;
    const port = this.state.ports[first];
    if (opcode === L.OP_SHARED_STATE && port) port.page = this.offset(second * 2 ** this.pageShift);
    else if (opcode === L.OP_ONLINE_ACK && port) port.acknowledged = true;
    else if (opcode === L.OP_DEFINE_TASK) this.state.task.length = third;
    else if (opcode === L.OP_MAP) this.state.task.gpa = (body[6] ?? 0) + (body[7] ?? 0) * 2 ** 32;
    else if (opcode === L.OP_DEFINE_FIFO) {
      const ring = this.offset(this.state.task.gpa) + third;
      this.state.fifos[first] = { ...initialFifo(), ring, data: (body[4] ?? 0) - L.CHILD_RING_DATA };
    } else if (opcode === L.OP_CURSOR_GLYPH && port) port.cursor = body.slice(1).join(' ');
    else if (opcode !== L.OP_CURSOR_SHOW) this.fault(L.FAULT_OPCODE, opcode);
  }

  private doorbell(number: number): void {
    const fifo = this.state.fifos[number];
    if (!fifo || fifo.ring === 0) return;
    fifo.rung = true;
    let ahead = 0;
    for (let at = fifo.read; at !== this.memory.getUint32(fifo.ring, true); ) {
      const packet = this.packet(fifo.ring + L.CHILD_RING_DATA, at, fifo.data);
      if (packet[0] === L.OP_SWAP) ahead++;
      at = (at + 4 * packet.length) % 2 ** 32;
    }
    this.mostAhead = Math.max(this.mostAhead, ahead);
    while (!this.options.lazy && this.frame(number));
  }

  /** Carries a FIFO's packets out up to a swap; false if there is none. */
  private frame(number: number): boolean {
    const fifo = this.state.fifos[number];
    if (!fifo?.rung || this.state.fault !== 0) return false;
    while (fifo.read !== this.memory.getUint32(fifo.ring, true)) {
      const packet = this.packet(fifo.ring + L.CHILD_RING_DATA, fifo.read, fifo.data);
      fifo.read = (fifo.read + 4 * packet.length) % 2 ** 32;
      this.memory.setUint32(this.sharedPage + L.SHARED_READ + 4 * number, fifo.read, true);
      const [opcode = 0, , stamp = 0, ...body] = packet;
      if (opcode === L.OP_EXEC) this.exec(body);
      else if (opcode === L.OP_SWAP) return this.swap(number, stamp, body);
      else this.fault(L.FAULT_OPCODE, opcode);
    }
    fifo.rung = false;
    return false;
  }

  private exec([, length = 0, low = 0, high = 0, port = 0]: readonly number[]): void {
    const at = this.offset(this.state.task.gpa) + low + high * 2 ** 32;
    const target = this.state.ports[port];
    if (target) target.drawing = this.words(at, length / 4).join(' ');
  }

  private swap(fifo: number, stamp: number, [number = 0, frame = 0]: readonly number[]): boolean {
    const port = this.port(number);
    const [cursor = 0] = this.words(port.page + L.DISPLAY_CURSOR, 1);
    const place = { x: cursor & 0xffff, y: cursor >>> 16 };
    this.presented.push({ port: number, frame, size: this.mode(number), commands: port.drawing, cursor: place });
    this.event(number, L.DISPLAY_EVENT_PRESENT);
    this.memory.setUint32(this.sharedPage + L.SHARED_STAMP + 4 * fifo, stamp, true);
    if ((this.state.gpuStatus & L.GPU_STATUS_STAMP) === 0) this.raised |= 1;
    this.state.gpuStatus |= L.GPU_STATUS_STAMP;
    return true;
  }

  private event(number: number, bits: number): void {
    const { page } = this.port(number);
    this.memory.setUint32(page + L.DISPLAY_PENDING, this.memory.getUint32(page + L.DISPLAY_PENDING, true) | bits, true);
    if ((this.memory.getUint32(page + L.DISPLAY_ENABLE, true) & bits) === 0) return;
    if ((this.state.displayStatus & (1 << number)) === 0) this.raised |= 2;
    this.state.displayStatus |= 1 << number;
  }

  private get sharedPage(): number {
    return this.offset(this.register(L.REG_SHARED_PFN) * 2 ** this.pageShift);
  }
}
