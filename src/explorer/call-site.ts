/**
 * Where in the source an operation is asked for; found from the call stack, so only looked for when somebody will read it.
 */

/** Frames of the engine's own, which stand between the body and here; the command line has all of it in one file. */
const OWN = /[\\/]explorer[\\/](call-site|shared-object|inbox|world)\.[jt]s|[\\/]bundles[\\/]cli[\\/]|node:internal/;

export const callSite = {
  /** Whether operations note where they come from. */
  wanted: false,

  /** File, line and column of the nearest caller that is not the engine's; '' if there is none. */
  find(): string {
    const holder = { stack: '' };
    Error.captureStackTrace(holder, callSite.find);
    for (const line of holder.stack.split('\n').slice(1)) {
      if (OWN.test(line)) continue;
      const [, place = ''] = /\(?([^()\s]+:\d+:\d+)\)?$/.exec(line) ?? [];
      return place.replace(/^file:\/\//, '');
    }
    return '';
  },
};
