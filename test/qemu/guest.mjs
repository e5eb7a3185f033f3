/**
 * What the guest boots: our program, compiled for it and linked statically, and what was fetched for it, in an initramfs.
 *
 * Invariant: nothing of this machine is in it but what its compiler made. What it doesn't do: run.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Initramfs } from './initramfs.mjs';
import { Missing } from './missing.mjs';

const sources = fileURLToPath(new URL('guest/', import.meta.url));

function compile(folder) {
  const [command, ...first] = (process.env.CC || 'cc').trim().split(/\s+/);
  const program = join(folder, 'agfx');
  const files = readdirSync(sources).filter((name) => name.endsWith('.c'));
  const flags = ['-std=gnu11', '-O2', '-static', '-Wall', '-Wextra', '-o', program];
  const { error, status, stderr } = spawnSync(command, [...first, ...flags, ...files.map((name) => join(sources, name))], {
    encoding: 'utf8',
  });
  if (error) throw new Missing(`there is no C compiler for the guest's program: tried "${command}"`);
  if (status !== 0 && /cannot find -lc|cannot find -l:?libc\.a/.test(stderr))
    throw new Missing("the guest's program is linked statically, and there is no static C library (Debian: libc6-dev)");
  if (status !== 0) throw new TypeError(`the guest's program doesn't compile:\n${stderr}`);
  return program;
}

/** lspci with its loader and libraries, since those of busybox say little. */
function addLspci(initramfs, parts) {
  const [loader, ...options] = parts.launch;
  const { stdout } = spawnSync(loader, [...options, '--list', parts.lspci], { encoding: 'utf8' });
  for (const [, path] of stdout.matchAll(/=> (\/\S+)/g)) initramfs.file(join('lspci', basename(path)), readFileSync(path));
  initramfs.file('lspci/loader', readFileSync(parts.loader));
  initramfs.file('lspci/lspci', readFileSync(parts.lspci));
  initramfs.file('bin/lspci', '#!/bin/busybox sh\nexec /lspci/loader --library-path /lspci /lspci/lspci "$@"\n');
}

/** Writes the initramfs into `folder` and returns its path. */
export function makeGuest(parts, folder) {
  const initramfs = new Initramfs();
  for (const path of ['proc', 'sys', 'dev']) initramfs.folder(path);
  initramfs.file('init', readFileSync(join(sources, 'init.sh')));
  initramfs.file('bin/busybox', readFileSync(parts.busybox));
  initramfs.file('bin/agfx', readFileSync(compile(folder)));
  parts.modules.forEach((path, index) => {
    initramfs.file(`modules/${index}-${basename(path)}`, readFileSync(path));
  });
  addLspci(initramfs, parts);
  const path = join(folder, 'initrd');
  writeFileSync(path, initramfs.pack());
  return path;
}
