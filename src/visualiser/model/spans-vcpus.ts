/**
 * Lanes of processors: what they wait for, as the BQL actor sees it: an access from when it is taken to its reply.
 *
 * Invariant: a processor waits for one access at a time. Which processor an access is of is not recorded, only its token, which counts up, and the mailbox
 * of its reply; so an access is of the processor whose next token it has, and a reply tells which mailbox is whose.
 */
import type { Lane } from './spans-lanes.js';
import type { SpanModel } from './spans.js';
import { SpanFlag, type SpanFacts } from './spans-table.js';

/** Processors; what more there may be shares the last lane. */
const MAX_VCPUS = 64;

interface Vcpu {
  /** What it waits for in row 0, and what it carries into PVG meanwhile in row 1. */
  readonly lane: Lane;
  /** Where its replies go; null if none was seen. */
  mailbox: number | null;
  /** Of its access that was seen last. */
  token: number;
  /** That it carried into PVG last. */
  job: number;
}

export class VcpuLanes {
  private readonly vcpus: Vcpu[] = [];

  constructor(private readonly model: SpanModel) {}

  /** An access was taken; gives the lane of who waits for it. */
  began(facts: SpanFacts): Lane {
    const { vcpus } = this;
    const next = vcpus.find(({ token }) => token + 1 === facts.id);
    const free = facts.id > 1 ? vcpus.find(({ lane }) => lane.row(0).open === null) : undefined;
    const vcpu = next ?? free ?? this.make() ?? (vcpus.at(-1) as Vcpu);
    vcpu.token = facts.id;
    vcpu.lane.row(0).begin(facts);
    vcpu.lane.rows[1]?.end(facts.begin, SpanFlag.cut);
    return vcpu.lane;
  }

  /** A reply was posted; gives the lane of whose it is. `mailbox`: null if that is not known. */
  ended(time: number, token: number, mailbox: number | null): Lane | undefined {
    const lane = this.whose(mailbox, token)?.lane;
    lane?.rows[1]?.end(time, SpanFlag.cut);
    lane?.row(0).end(time);
    return lane;
  }

  /** A processor was told to carry its access into PVG; gives its lane. */
  entered(mailbox: number, facts: SpanFacts): Lane | undefined {
    const vcpu = this.whose(mailbox);
    if (vcpu !== undefined) vcpu.job = facts.id;
    vcpu?.lane.row(1).begin(facts);
    return vcpu?.lane;
  }

  /** It has come back. */
  returned(time: number, job: number): Lane | undefined {
    const lane = this.vcpus.find((vcpu) => vcpu.job === job)?.lane;
    lane?.row(1).end(time);
    return lane;
  }

  /** The processor that waits for an access, of that token if one is given, and has its replies sent there if that is known of any. */
  private whose(mailbox: number | null, token?: number): Vcpu | undefined {
    const waiting = this.vcpus.filter(({ lane }) => {
      const { open } = lane.row(0);
      return open !== null && (token === undefined || open.id === token);
    });
    const vcpu = waiting.find((each) => each.mailbox === mailbox) ?? waiting.find((each) => each.mailbox === null) ?? waiting[0];
    if (vcpu !== undefined) vcpu.mailbox ??= mailbox;
    return vcpu;
  }

  private make(): Vcpu | undefined {
    const number = this.vcpus.length + 1;
    if (number > MAX_VCPUS) return undefined;
    const name = number === 1 ? 'vcpu' : `vcpu ${number}`;
    const vcpu = { lane: this.model.lane(name, { kind: 'vcpu', name }), mailbox: null, token: 0, job: 0 };
    this.vcpus.push(vcpu);
    return vcpu;
  }
}
