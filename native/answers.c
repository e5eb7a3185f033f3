/* SPDX-License-Identifier: Apache-2.0
 *
 * answers.c - upcalls about memory answered on PVG's own thread: which they are, and reads of guest memory.
 *
 * Reads of registers are behind the BQL, so they can't be answered here: a read that meets one fails. This file makes no decision
 * about tasks and surfaces; answers_task.c and answers_iosfc.c do.
 */
#include "answers.h"

#include <stdlib.h>

#include "memory_map.h"

#define ALWAYS_TRACED (1u << PVG_TRACE_LOST | 1u << PVG_TRACE_IOSFC_UNMAP_NOTHING)

static uint32_t kinds_of(const struct pvg_config *config) {
  const uint32_t reads = 1u << PVG_UPCALL_READ_MEMORY, iosfc = 1u << PVG_UPCALL_IOSFC_MAP | 1u << PVG_UPCALL_IOSFC_UNMAP,
                 tasks = 1u << PVG_UPCALL_CREATE_TASK | 1u << PVG_UPCALL_DESTROY_TASK | 1u << PVG_UPCALL_MAP_MEMORY |
                         1u << PVG_UPCALL_UNMAP_MEMORY;
  return (config->own_tasks ? tasks : 0) | (config->own_reads ? reads : 0) | (config->own_iosfc ? iosfc : 0);
}

void pvgi_answers_trace(struct pvgi_answers *answers, uint32_t own_traces) {
  atomic_store_explicit(&answers->own_traces, own_traces | ALWAYS_TRACED, memory_order_relaxed);
}

struct pvgi_answers *pvgi_answers_create(const struct pvg_config *config) {
  struct pvgi_answers *answers = calloc(1, sizeof *answers);
  if (answers == NULL) return NULL;
  answers->group = config->group;
  answers->map = config->map;
  answers->kinds = kinds_of(config);
  answers->own_iosfc = config->own_iosfc;
  pvgi_answers_trace(answers, config->own_traces);
  answers->traces = pvgi_traces_create();
  pthread_mutex_init(&answers->tasks.mutex, NULL);
  bool checked = answers->own_iosfc == PVG_OWN_IOSFC_CHECKED;
  if (checked) answers->iosfc.mappings = calloc(PVGI_MAPPING_SLOTS, sizeof *answers->iosfc.mappings);
  if (config->own_tasks) answers->tasks.list = calloc(PVGI_TASKS, sizeof *answers->tasks.list);
  if (answers->traces != NULL && (!checked || answers->iosfc.mappings != NULL) &&
      (!config->own_tasks || answers->tasks.list != NULL)) {
    return answers;
  }
  pvgi_answers_free(answers);
  return NULL;
}

/* References that are still held are the host's affair: it destroys the map and all RAM with the group. */
void pvgi_answers_free(struct pvgi_answers *answers) {
  if (answers->traces != NULL) pvgi_traces_free(answers->traces);
  pthread_mutex_destroy(&answers->tasks.mutex);
  free(answers->iosfc.mappings);
  free(answers->tasks.list);
  free(answers);
}

static bool read_memory(struct pvgi_answers *answers, const struct pvgi_call *call) {
  const uint64_t *words = call->words;
  PVGI_TRACE(answers, PVG_TRACE_READ_MEMORY, words[0], words[1], words[2]);
  return words[1] <= call->length && pvgi_map_copy(answers->map, words[0], call->bytes, words[1]);
}

bool pvgi_answer(struct pvgi_answers *answers, const struct pvgi_call *call, uint64_t *value) {
  const uint64_t *words = call->words;
  /* These come by the ten thousand, and first. */
  if (call->kind == PVG_UPCALL_IOSFC_MAP) return pvgi_iosfc_map(answers, words, value);
  if (call->kind == PVG_UPCALL_IOSFC_UNMAP) return pvgi_iosfc_unmap(answers, words[0]);
  switch (call->kind) {
    case PVG_UPCALL_CREATE_TASK: return pvgi_task_create(answers, words[0], value);
    case PVG_UPCALL_DESTROY_TASK: return pvgi_task_destroy(answers, words[0]);
    case PVG_UPCALL_MAP_MEMORY: return pvgi_task_map(answers, call);
    case PVG_UPCALL_UNMAP_MEMORY: return pvgi_task_unmap(answers, words[0], words[1], words[2]);
    default: return read_memory(answers, call);
  }
}

void pvgi_answers_count(struct pvgi_answers *answers, uint64_t *counts) {
  pthread_mutex_lock(&answers->tasks.mutex);
  counts[0] = answers->tasks.count;
  pthread_mutex_unlock(&answers->tasks.mutex);
  counts[1] = atomic_load(&answers->iosfc.alive);
}
