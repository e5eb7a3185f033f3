/* SPDX-License-Identifier: Apache-2.0
 *
 * guard.m - nothing that is thrown leaves through C: an exception becomes a status with its text, or a line on the standard error.
 *
 * A failed assertion of Foundation's is an exception, and so is caught. What ends the process by abort() nobody can catch.
 */
#import "apple_pvg.h"

#include <stdio.h>

/* Texts of exceptions are whoever's who threw them, and asking for one may throw as well. */
static void describe(id thrown, char *text, size_t room) {
  const char *name = "an object", *reason = "";
  @try {
    if ([thrown isKindOfClass:[NSException class]]) {
      name = [[thrown name] UTF8String];
      reason = [[thrown reason] UTF8String];
    }
  } @catch (id other) {
    (void)other;
  }
  snprintf(text, room, "%s%s%s", name != NULL ? name : "an exception", reason != NULL && *reason != 0 ? ": " : "",
           reason != NULL ? reason : "");
}

/* False, with the text, if something was thrown. */
static bool run(void (^body)(void), char *text, size_t room) {
  bool whole = true;
  @autoreleasepool {
    @try {
      body();
    } @catch (id thrown) {
      describe(thrown, text, room);
      whole = false;
    }
  }
  return whole;
}

int32_t apple_guard(const char *what, void (^body)(void)) {
  char text[256];
  return run(body, text, sizeof text) ? PVG_OK : pvgi_fail(PVG_E_REFUSED, "%s threw %s", what, text);
}

void apple_shield(const char *what, void (^body)(void)) {
  char text[256];
  if (!run(body, text, sizeof text)) fprintf(stderr, "apple-gfx: %s threw %s\n", what, text);
}
