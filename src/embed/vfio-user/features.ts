/**
 * DEVICE_FEATURE and the migration's data: what a client asks of the device as a whole.
 *
 * Invariant: a request is checked before anything of it is done. Dirty pages are those that the device could have written.
 */
import { type Migration, MIGRATION_FLAGS } from './migration.js';
import { Errno, MAX_DATA_BYTES, PAGE_BYTES, RequestError } from './protocol.js';

const Feature = { migration: 1, deviceState: 2, loggingStart: 6, loggingStop: 7, loggingReport: 8 } as const;
const GET = 1 << 16;
const SET = 1 << 17;
const PROBE = 1 << 18;
const FEATURE_BYTES = 8;

/** What each feature can be asked. */
const METHODS: Readonly<Record<number, number>> = {
  [Feature.migration]: GET,
  [Feature.deviceState]: GET | SET,
  [Feature.loggingStart]: SET,
  [Feature.loggingStop]: SET,
  [Feature.loggingReport]: GET,
};

/** Which pages the device could have written. Each call returns when it is done. */
export interface DirtyLogTarget {
  /** From now on pages are noted, or no more. */
  setLogging(on: boolean): void;
  /** A bit for each page of `pageBytes` in [address, address + bytes), the lowest first, that could have been written since it was last asked. */
  takeDirtyPages(address: bigint, bytes: bigint, pageBytes: number): Uint8Array;
}

/** What a request asks, and room for what it is answered. */
export interface FeatureRequest {
  readonly payload: DataView;
  /** Makes room for an answer of so many bytes. */
  answer(bytes: number): DataView;
}

function invalid(what: string): RequestError {
  return new RequestError(Errno.EINVAL, `DEVICE_FEATURE: ${what}`);
}

export class Features {
  private logging = false;

  constructor(
    private readonly migration: Migration,
    private readonly log: DirtyLogTarget,
  ) {}

  /** Carries a DEVICE_FEATURE out. Throws RequestError. */
  carryOut(request: FeatureRequest): void {
    const { payload } = request;
    if (payload.byteLength < FEATURE_BYTES) throw invalid(`it has ${payload.byteLength} bytes, expected ${FEATURE_BYTES} and data`);
    const flags = payload.getUint32(4, true);
    const feature = flags & 0xffff;
    const methods = METHODS[feature];
    if (methods === undefined) throw new RequestError(Errno.ENOTSUP, `DEVICE_FEATURE: ${feature} is none that the device has`);
    const asked = flags & (GET | SET);
    if ((flags & ~(0xffff | GET | SET | PROBE)) !== 0 || (asked & ~methods) !== 0) throw invalid(`flags are 0x${flags.toString(16)}`);
    if ((flags & PROBE) !== 0) return echo(request, FEATURE_BYTES);
    if (asked !== GET && asked !== SET) throw invalid('expected GET or SET');
    switch (feature) {
      case Feature.migration:
        answerOf(request, FEATURE_BYTES, 8).setBigUint64(FEATURE_BYTES, MIGRATION_FLAGS, true);
        return;
      case Feature.deviceState:
        return asked === GET ? this.tellState(request) : this.setState(request);
      case Feature.loggingStart:
        return this.startLogging(request);
      case Feature.loggingStop:
        this.stopLogging();
        return echo(request, FEATURE_BYTES);
      default:
        return this.report(request);
    }
  }

  /** MIG_DATA_READ. An answer has as many bytes as were asked for, whatever of them are data. */
  readData(request: FeatureRequest): void {
    const { payload } = request;
    if (payload.byteLength < 8) throw new RequestError(Errno.EINVAL, `MIG_DATA_READ has ${payload.byteLength} bytes, expected 8`);
    const room = payload.getUint32(4, true);
    if (room > MAX_DATA_BYTES) throw new RequestError(Errno.EINVAL, `MIG_DATA_READ of ${room} bytes, expected at most ${MAX_DATA_BYTES}`);
    const bytes = this.migration.take(room);
    const out = request.answer(8 + room);
    out.setUint32(0, 8 + room, true);
    out.setUint32(4, bytes.length, true);
    const target = new Uint8Array(out.buffer, out.byteOffset + 8, room).fill(0);
    target.set(bytes);
  }

  /** MIG_DATA_WRITE. */
  writeData({ payload }: FeatureRequest): void {
    const size = payload.byteLength < 8 ? -1 : payload.getUint32(4, true);
    if (size < 0 || size > payload.byteLength - 8) {
      throw new RequestError(Errno.EINVAL, `MIG_DATA_WRITE of ${size} bytes has ${payload.byteLength} bytes`);
    }
    this.migration.give(new Uint8Array(payload.buffer, payload.byteOffset + 8, size));
  }

  /** Nobody wants to know any more. */
  stopLogging(): void {
    if (!this.logging) return;
    this.logging = false;
    this.log.setLogging(false);
  }

  private tellState(request: FeatureRequest): void {
    const out = answerOf(request, FEATURE_BYTES, 8);
    out.setUint32(FEATURE_BYTES, this.migration.state, true);
    // There is no descriptor: data go by messages.
    out.setUint32(FEATURE_BYTES + 4, 0xffff_ffff, true);
  }

  private setState(request: FeatureRequest): void {
    if (request.payload.byteLength < FEATURE_BYTES + 8) throw invalid('a device state has 8 bytes');
    this.migration.go(request.payload.getUint32(FEATURE_BYTES, true));
    echo(request, FEATURE_BYTES + 8);
  }

  private startLogging(request: FeatureRequest): void {
    const { payload } = request;
    if (payload.byteLength < FEATURE_BYTES + 16) throw invalid('a start of logging has 16 bytes and ranges');
    const count = payload.getUint32(FEATURE_BYTES + 8, true);
    if (payload.byteLength < FEATURE_BYTES + 16 + 16 * count) throw invalid(`${count} ranges need ${16 * count} bytes`);
    if (this.logging) throw new RequestError(Errno.EBUSY, 'DEVICE_FEATURE: dirty pages are logged already');
    this.log.setLogging(true);
    this.logging = true;
    echo(request, FEATURE_BYTES + 16 + 16 * count);
    // Pages are the host's whatever was hinted.
    request.answer(FEATURE_BYTES + 16 + 16 * count).setBigUint64(FEATURE_BYTES, BigInt(PAGE_BYTES), true);
  }

  private report(request: FeatureRequest): void {
    const { payload } = request;
    if (payload.byteLength < FEATURE_BYTES + 24) throw invalid('a report of dirty pages has 24 bytes');
    const [address, bytes, page] = [0, 8, 16].map((at) => payload.getBigUint64(FEATURE_BYTES + at, true)) as [bigint, bigint, bigint];
    if (!this.logging) throw invalid('dirty pages are not logged');
    if (page < BigInt(PAGE_BYTES) || page > 2n ** 30n || (page & (page - 1n)) !== 0n)
      throw invalid(`pages of ${page} bytes, expected a power of two from ${PAGE_BYTES} on`);
    if (address % page !== 0n || bytes % page !== 0n || bytes === 0n) throw invalid('a report is of whole pages');
    const words = (bytes / page + 63n) / 64n;
    if (8n * words > BigInt(MAX_DATA_BYTES)) throw invalid(`a report of ${bytes / page} pages, expected at most ${8 * MAX_DATA_BYTES}`);
    const bitmap = this.log.takeDirtyPages(address, bytes, Number(page));
    const length = FEATURE_BYTES + 24 + 8 * Number(words);
    const out = answerOf(request, FEATURE_BYTES + 24, 8 * Number(words));
    const target = new Uint8Array(out.buffer, out.byteOffset, length).fill(0, FEATURE_BYTES + 24);
    target.set(bitmap.subarray(0, 8 * Number(words)), FEATURE_BYTES + 24);
  }
}

/** The request, and room for more bytes behind it; its argsz says how long that is. */
function answerOf(request: FeatureRequest, echoed: number, more: number): DataView {
  const out = request.answer(echoed + more);
  for (let at = 0; at < echoed; at++) out.setUint8(at, request.payload.getUint8(at));
  out.setUint32(0, echoed + more, true);
  return out;
}

/** Answers with the request itself. */
function echo(request: FeatureRequest, bytes: number): void {
  answerOf(request, bytes, 0);
}
