/* SPDX-License-Identifier: Apache-2.0
 *
 * sysfs.c - finds the device, reads and writes the kernel's files about it, and says what came of it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"

#define DEVICES "/sys/bus/pci/devices"

static void say(const char *word, const char *format, va_list arguments) {
  printf("%s ", word);
  vprintf(format, arguments);
  printf("\n");
  fflush(stdout);
}

void ok(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say("ok", format, arguments);
  va_end(arguments);
}

void failed(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  say("FAILED", format, arguments);
  va_end(arguments);
  exit(1);
}

uint64_t sysfs_number(const char *name, const char *file) {
  char path[256], text[64] = {0};
  snprintf(path, sizeof path, DEVICES "/%s/%s", name, file);
  int fd = open(path, O_RDONLY);
  if (fd < 0 || read(fd, text, sizeof text - 1) <= 0) failed("sysfs: %s: %s", path, strerror(errno));
  close(fd);
  return strtoull(text, NULL, 0);
}

void sysfs_write(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) failed("sysfs: writing \"%s\" to %s: %s", text, path, strerror(errno));
  close(fd);
}

const char *machine_find(void) {
  static char found[sizeof((struct dirent *)0)->d_name];
  DIR *folder = opendir(DEVICES);
  int count = 0;
  for (struct dirent *entry; folder != NULL && (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.' || sysfs_number(entry->d_name, "vendor") != VENDOR || sysfs_number(entry->d_name, "device") != DEVICE) continue;
    snprintf(found, sizeof found, "%s", entry->d_name);
    count++;
  }
  if (folder != NULL) closedir(folder);
  return count == 1 ? found : NULL;
}
