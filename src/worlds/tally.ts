/**
 * What is counted for costs along paths: messages of each processor's accesses, and how often the BQL was released.
 *
 * Invariant: counts only grow, and are no part of a world's state, so that they make no states differ; nobody but spans (properties.ts) looks at
 * them, and at nothing but how they change in a step. They are right about that wherever the search has gone back to.
 */

export class Tally {
  /** Of the BQL. */
  releases = 0;
  /** By processor. */
  private readonly messages: number[] = [];

  /** Messages that were posted for a processor's accesses. */
  messagesOf(vcpu: number): number {
    return this.messages[vcpu] ?? 0;
  }

  /** A message is posted for the access of a processor; below 0: of nobody's. */
  post(vcpu: number): void {
    if (vcpu < 0) return;
    for (let next = this.messages.length; next <= vcpu; next++) this.messages.push(0);
    this.messages[vcpu] = this.messagesOf(vcpu) + 1;
  }

  /** As the BQL tells of each change of its lock. */
  readonly onLock = (state: string): void => {
    if (state === 'free') this.releases++;
  };
}
