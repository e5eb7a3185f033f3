/**
 * Lanes of processors: what they wait for, as the BQL actor sees it: an access from when it is taken to its reply.
 *
 * Invariant: a processor waits for one access at a time. Which processor an access is of is not recorded, only its token, which counts up, and the mailbox
 * of its reply; so an access is of the processor whose next token it has, and a reply tells which mailbox is whose.
 */
import type { Lane, Lanes } from './spans-lanes.js';
import { SpanFlag, type SpanFacts, SpanKind } from './spans-table.js';

/** Processors; what more there may be shares the last lane. */
const MAX_VCPUS = 64;

interface Vcpu {
  readonly lane: Lane;
  /** Where its replies go; null if none was seen. */
  mailbox: number | null;
  /** Of its access that was seen last. */
  token: number;
}

export class VcpuLanes {
  private readonly vcpus: Vcpu[] = [];
  /** Who carries which job into PVG. */
  private readonly inside = new Map<number, Vcpu>();

  constructor(private readonly lanes: Lanes) {}

  /** An access was taken; gives the lane of who waits for it. */
  began(time: number, facts: SpanFacts): Lane {
    const free = this.vcpus.filter(({ lane }) => !lane.rows[0]?.open);
    const vcpu =
      this.vcpus.find(({ token }) => token + 1 === facts.id) ??
      (facts.id <= 1 || free.length === 0 ? this.make() : null) ??
      free[0] ??
      (this.vcpus.at(-1) as Vcpu);
    vcpu.token = facts.id;
    if (vcpu.lane.rows[1]?.open) vcpu.lane.end(1, time, SpanFlag.cut);
    facts.kind = SpanKind.access;
    vcpu.lane.begin(0, time, facts);
    return vcpu.lane;
  }

  /** A reply was posted; gives the lane of whose it is. `mailbox`: null if that is not known. */
  ended(time: number, token: number, mailbox: number | null): Lane | null {
    const waits = this.vcpus.filter(({ lane }) => lane.rows[0]?.open?.id === token);
    const vcpu = waits.find((each) => each.mailbox === mailbox) ?? waits.find((each) => each.mailbox === null) ?? waits[0];
    if (vcpu === undefined) return null;
    vcpu.mailbox ??= mailbox;
    if (vcpu.lane.rows[1]?.open) vcpu.lane.end(1, time, SpanFlag.cut);
    vcpu.lane.end(0, time);
    return vcpu.lane;
  }

  /** A processor was told to carry its access into PVG; gives its lane. */
  entered(time: number, mailbox: number, facts: SpanFacts): Lane | null {
    const waits = this.vcpus.filter(({ lane }) => lane.rows[0]?.open);
    const vcpu = waits.find((each) => each.mailbox === mailbox) ?? waits.find((each) => each.mailbox === null);
    if (vcpu === undefined) return null;
    vcpu.mailbox ??= mailbox;
    facts.kind = SpanKind.entry;
    vcpu.lane.begin(1, time, facts);
    this.inside.delete(facts.id);
    this.inside.set(facts.id, vcpu);
    if (this.inside.size > 2 * MAX_VCPUS) for (const [oldest] of [...this.inside].slice(0, MAX_VCPUS)) this.inside.delete(oldest);
    return vcpu.lane;
  }

  /** It has come back. */
  returned(time: number, job: number): Lane | null {
    const vcpu = this.inside.get(job);
    if (vcpu === undefined || !this.inside.delete(job)) return null;
    vcpu.lane.end(1, time);
    return vcpu.lane;
  }

  private make(): Vcpu | null {
    const number = this.vcpus.length + 1;
    if (number > MAX_VCPUS) return null;
    const lane = this.lanes.of(`vcpu ${number}`, () => ({ kind: 'vcpu', name: number === 1 ? 'vcpu' : `vcpu ${number}`, log: -1 }));
    const vcpu = { lane, mailbox: null, token: 0 };
    this.vcpus.push(vcpu);
    return vcpu;
  }
}
