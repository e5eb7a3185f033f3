/**
 * Faults to put into the production files one at a time: each takes a fix out of `hardened`, or drops a wake-up, a reference or a count.
 *
 * Each says which file, which text of it, and what comes in its place. The text stands in the file once.
 */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

const revision = (name: string, from: string, to: string): Mutation => ({ name, file: 'src/revisions/revisions.ts', from, to });

/** Fixes of the record of `hardened`, which stands last in its file. */
const FIXES: readonly Mutation[] = [
  revision(
    'accesses may not nest',
    "reentrantAccesses: true,\n  bottomHalves: 'firstFirst'",
    "reentrantAccesses: false,\n  bottomHalves: 'firstFirst'",
  ),
  revision('bottom halves run last in, first out', "bottomHalves: 'firstFirst'", "bottomHalves: 'lastFirst'"),
  revision('IOSurface unmaps take any reference', "iosfcReferences: 'checked'", "iosfcReferences: 'perMapping'"),
  revision('mode changes take the BQL', "modeChanges: 'bh'", "modeChanges: 'section'"),
  revision('the BQL actor asks PVG', "displayQueries: 'withEvent'", "displayQueries: 'onBql'"),
  revision(
    'updates are forgotten',
    "frames: 'renderQueue',\n  answersEveryUpdate: true",
    "frames: 'renderQueue',\n  answersEveryUpdate: false",
  ),
  revision('failed frames are shown', 'checksGpuWork: true', 'checksGpuWork: false'),
  revision(
    'a refused encode is not followed by the next',
    "frames: 'renderQueue',\n  answers",
    "refusedEncode: 'counted',\n  frames: 'renderQueue',\n  answers",
  ),
  revision(
    'a refused encode stays counted',
    "frames: 'renderQueue',\n  answers",
    "refusedEncode: 'forgotten',\n  frames: 'renderQueue',\n  answers",
  ),
  revision(
    'tasks hold no references',
    "tasks: 'bh',\n  iosfcReferences: 'checked'",
    "tasks: 'bh',\n  taskReferences: false,\n  iosfcReferences: 'checked'",
  ),
  revision('tasks take the BQL', "tasks: 'bh',\n  iosfcReferences: 'checked'", "tasks: 'section',\n  iosfcReferences: 'checked'"),
  revision(
    'readMemory takes the BQL',
    "tasks: 'bh',\n  iosfcReferences: 'checked'",
    "tasks: 'bh',\n  readMemory: 'section',\n  iosfcReferences: 'checked'",
  ),
];

const DROPPED: readonly Mutation[] = [
  {
    name: "a job's result is lost by the wait for it",
    file: 'actors/bql/behaviour.ts',
    from: '      wait.result = result;\n',
    to: '',
  },
  {
    name: 'the outermost wait ends first',
    file: 'actors/bql/behaviour.ts',
    from: 'const wait = this.innermost;\n    if (',
    to: 'let wait = this.innermost;\n    while (wait?.outer) wait = wait.outer;\n    if (',
  },
  {
    name: 'bottom halves don’t run in waits',
    file: 'actors/bql/behaviour.ts',
    from: 'if (this.batch.length > 0 && this.send(EVENTS.bhOffered)) return true;',
    to: "if (this.batch.length > 0 && this.lock.value !== 'waiting' && this.send(EVENTS.bhOffered)) return true;",
  },
  {
    name: 'a section runs in a wait',
    file: 'actors/bql/lock.machine.ts',
    from: "for the job of the innermost wait.',\n        on: {\n",
    to: "for the job of the innermost wait.',\n        on: {\n          'lock.offered': { target: 'running', actions: 'runSection' },\n",
  },
  {
    name: 'an inner handler frees the lock',
    file: 'actors/bql/lock.machine.ts',
    from: "'handler.ended': [{ guard: 'insideWait', target: 'waiting' }, { target: 'free' }],",
    to: "'handler.ended': { target: 'free' },",
  },
  {
    name: 'a guest’s access is not answered',
    file: 'src/device/mmio-job.machine.ts',
    from: "{ target: 'completed', actions: 'replyToGuest' }",
    to: "{ target: 'completed' }",
  },
  {
    name: 'a destroyed task keeps its references',
    file: 'src/device/task.ts',
    from: '      for (const region of task.regions) this.space.release(region);\n',
    to: '',
  },
  {
    name: 'a destroyed task keeps its range',
    file: 'src/device/task.ts',
    from: "      this.port.perform({ do: 'releaseRange', range: task.range });\n",
    to: '',
  },
  {
    name: 'destroying a task is not answered',
    file: 'src/device/task.ts',
    from: "    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: task !== undefined, value: 0 });\n",
    to: '',
  },
  { name: 'a task takes no reference', file: 'src/device/task.ts', from: '      this.space.acquire(region);\n', to: '' },
  { name: 'a task takes a reference for each piece', file: 'src/device/task.ts', from: ' && !task.regions.has(region)) {', to: ') {' },
  {
    name: 'an IOSurface unmap keeps the reference',
    file: 'src/device/iosfc.ts',
    from: '    this.space.release(mapping.region);\n',
    to: '',
  },
  {
    name: 'an IOSurface mapping is not forgotten',
    file: 'src/device/iosfc.ts',
    from: '    if (mapping.count === 0) this.mappings.delete(address);\n',
    to: '',
  },
  {
    name: 'a mapping’s count is not decremented',
    file: 'src/device/iosfc.ts',
    from: '    this.alive--;\n    mapping.count--;\n    if (mapping.count === 0) this',
    to: '    this.alive--;\n    if (mapping.count === 0) this',
  },
  {
    name: 'an IOSurface map is not answered',
    file: 'src/device/iosfc.ts',
    from: "    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: found !== null, value: address });\n",
    to: '',
  },
  {
    name: 'a region’s memory is not given back',
    file: 'src/memory/address-space.ts',
    from: 'if (this.references.release(region.slot)) this.onGone(region);',
    to: 'this.references.release(region.slot);',
  },
  { name: 'a removed region stays on the map', file: 'src/memory/address-space.ts', from: '    this.regions.delete(id);\n', to: '' },
  {
    name: 'a frame is shown under the number of the one before',
    file: 'src/device/frames.ts',
    from: 'copyToSurface(display, noted.texture, present)',
    to: 'copyToSurface(display, noted.texture, present - 1)',
  },
  {
    name: 'the texture of a frame whose mode is gone is kept',
    file: 'src/device/frames.ts',
    from: "    if (this.noted && this.noted !== this.surface) this.port.perform({ do: 'releaseTexture', texture: this.noted.texture });\n",
    to: '',
  },
  {
    name: 'a mode’s texture is given back while it is rendered into',
    file: 'src/device/frames.ts',
    from: 'if (old && this.noted !== old) this.port',
    to: 'if (old) this.port',
  },
  {
    name: 'a mode’s texture is kept',
    file: 'src/device/frames.ts',
    from: "    if (old && this.noted !== old) this.port.perform({ do: 'releaseTexture', texture: old.texture });\n",
    to: '',
  },
  {
    name: 'the next frame is not started',
    file: 'src/device/frame-pipeline.machine.ts',
    from: "{ guard: 'shown', target: 'single', actions: ['copyTexture', 'startRendering'] }",
    to: "{ guard: 'shown', target: 'single', actions: ['copyTexture'] }",
  },
  {
    name: 'a completed frame stays counted',
    file: 'src/device/frame-pipeline.machine.ts',
    from: "{ guard: 'shown', target: '#framePipeline.pipeline.idle', actions: 'copyTexture' }",
    to: "{ guard: 'shown', target: '#framePipeline.pipeline.stalled', actions: 'copyTexture' }",
  },
  {
    name: 'a second frame is dropped',
    file: 'src/device/frame-pipeline.machine.ts',
    from: "'frame.arrived': 'double',\n                  'frame.refused'",
    to: "'frame.arrived': { actions: 'dropFrame' },\n                  'frame.refused'",
  },
  {
    name: 'two frames are in flight',
    file: 'src/device/frame-pipeline.machine.ts',
    from: "'frame.arrived': 'double',\n                  'frame.refused'",
    to: "'frame.arrived': { target: 'double', actions: 'startRendering' },\n                  'frame.refused'",
  },
  {
    name: 'a discarded frame starts no other',
    file: 'src/device/frame-pipeline.machine.ts',
    from: "{ target: 'single', actions: ['discardFrame', 'startRendering'] }",
    to: "{ target: 'single', actions: ['discardFrame'] }",
  },
  {
    name: 'an update is not answered when there is a frame',
    file: 'src/device/frame-pipeline.machine.ts',
    from: "{ guard: 'shown', target: 'stale', actions: ['pushUpdate', 'signalUpdateDone'] }",
    to: "{ guard: 'shown', target: 'stale', actions: ['pushUpdate'] }",
  },
  {
    name: 'an update is not answered when there is none',
    file: 'src/device/frame-pipeline.machine.ts',
    from: "[{ guard: stateIn({ pipeline: 'idle' }), actions: 'signalUpdateDone' }, { target: 'requested' }]",
    to: "{ target: 'requested' }",
  },
  {
    name: 'a cursor’s bitmap is not given back',
    file: 'src/device/cursor.ts',
    from: "    this.port.perform({ do: 'answerUpcall', id: event.id, ok: true, value: 0 });\n",
    to: '',
  },
  {
    name: 'a cursor is not shown where it was moved',
    file: 'src/device/cursor.ts',
    from: '    this.moveTo(this.place);\n  }\n\n  private',
    to: '  }\n\n  private',
  },
  {
    name: 'the render queue does not say that a frame is refused',
    file: 'actors/render-queue/behaviour.ts',
    from: '        return this.port.tellBql(Message.frameRefused, record.id, third, []);\n',
    to: '        return;\n',
  },
  {
    name: 'a worker does not say that a job is done',
    file: 'actors/background-queue/behaviour.ts',
    from: 'return reserved === 1 ? Message.accessReturned : Message.jobDone;',
    to: 'return Message.accessReturned;',
  },
  {
    name: 'readMemory is not answered',
    file: 'src/device/mapping-job.ts',
    from: "      else if (type === 'answerTrue') this.answer(true);\n",
    to: "      else if (type === 'answerTrue') return asks;\n",
  },
  {
    name: 'removing a region is not answered',
    file: 'actors/bql/handlers.ts',
    from: '        this.reply(record, removed ? 1 : 0);\n',
    to: '',
  },
  { name: 'a mode change is not made', file: 'src/device/display.ts', from: '        this.frames.setMode(width, height);\n', to: '' },
];

/** What is done wrong where there is no memory for what PVG asks for; but for the last, no world without shortages shows it. */
const SHORTAGES: readonly Mutation[] = [
  {
    name: 'a task without a range is answered as made',
    file: 'src/device/task.ts',
    from: 'ok: made !== null, value: made?.range ?? 0 });',
    to: 'ok: true, value: made?.range ?? 0 });',
  },
  {
    name: 'a task without a range is not answered',
    file: 'src/device/task.ts',
    from: "    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: made !== null,",
    to: "    if (made) this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: made !== null,",
  },
  {
    name: 'a task without a range stays in the table',
    file: 'src/device/task.ts',
    from: 'if (made) this.tasks.set(made.range, { range: made.range, address: made.address, length, regions: new Set() });',
    to: 'const range = made?.range ?? 0;\n    this.tasks.set(range, { range, address: made?.address ?? 0, length, regions: new Set() });',
  },
  {
    name: 'a map of no task is answered as made',
    file: 'src/device/task.ts',
    from: '    if (task === undefined) return false;\n',
    to: '    if (task === undefined) return true;\n',
  },
  {
    name: 'destroying no task is not answered',
    file: 'src/device/task.ts',
    from: "    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: task !== undefined,",
    to: "    if (task) this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: task !== undefined,",
  },
  {
    name: 'a page that can’t be mapped is answered as mapped',
    file: 'src/device/task.ts',
    from: '    if (status !== 0) return false;\n',
    to: '',
  },
  {
    name: 'a page that can’t be mapped keeps a reference',
    file: 'src/device/task.ts',
    from: '    if (status !== 0) return false;\n',
    to: '    if (status !== 0) {\n      this.space.acquire(region);\n      return false;\n    }\n',
  },
  {
    name: 'a page that can’t be mapped gives back a reference',
    file: 'src/device/task.ts',
    from: '    if (status !== 0) return false;\n',
    to: '    if (status !== 0) {\n      this.space.tryRelease(region);\n      return false;\n    }\n',
  },
  {
    name: 'a map that failed is answered as made',
    file: 'src/device/mapping-job.ts',
    from: "else if (type === 'answerFalse') this.answer(false);",
    to: "else if (type === 'answerFalse') this.answer(true);",
  },
  {
    name: 'an IOSurface that is nowhere is answered as mapped',
    file: 'src/device/iosfc.ts',
    from: 'ok: found !== null, value: address });',
    to: 'ok: true, value: address });',
  },
  {
    name: 'an IOSurface that is nowhere is not answered',
    file: 'src/device/iosfc.ts',
    from: "    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: found !== null,",
    to: "    if (found) this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: found !== null,",
  },
];

export const MUTATIONS: readonly Mutation[] = [...FIXES, ...DROPPED, ...SHORTAGES];
