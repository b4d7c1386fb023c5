/* Shares and buffers; see memory_plan.h. */
#include "budget/memory_plan.h"

#include "base/budget.h"
#include "base/memory_costs.h"

#define MARGIN_LEAST (UINT64_C(2) << 20)

static uint64_t less(uint64_t a, uint64_t b) {
    return a > b ? a - b : 0;
}

uint64_t memory_plan_margin(uint64_t limit, uint32_t margin_mib) {
    if (margin_mib)
        return (uint64_t)margin_mib << 20;
    return limit / 16 > MARGIN_LEAST ? limit / 16 : MARGIN_LEAST;
}

static uint64_t left_for_both(const struct memory_plan *plan) {
    uint64_t pools = (uint64_t)plan->front_ends * MEMORY_PLAN_POOLS_BYTES;
    return less(less(less(plan->limit, plan->margin), plan->idle), pools);
}

uint64_t memory_plan_table_room(const struct memory_plan *plan) {
    uint64_t most = left_for_both(plan) / 2;
    return plan->table < most ? plan->table : most;
}

uint64_t memory_plan_share(const struct memory_plan *plan) {
    if (plan->limit == CONTAINER_MEMORY_NONE)
        return BUDGET_UNLIMITED;
    uint64_t share =
        less(left_for_both(plan), memory_plan_table_room(plan)) / (plan->front_ends ? plan->front_ends : 1);
    return share > MEMORY_PLAN_LEAST_SHARE ? share : MEMORY_PLAN_LEAST_SHARE;
}

uint32_t memory_plan_buffer(uint64_t limit, uint64_t connections) {
    if (limit == CONTAINER_MEMORY_NONE || connections == 0)
        return 0;
    uint64_t each = less(limit / 4 / connections, MEMORY_SOCKET_BYTES + MEMORY_CLIENT_BYTES) / 5;
    if (each >= MEMORY_PLAN_MOST_BUFFER)
        return 0;
    return each > MEMORY_PLAN_LEAST_BUFFER ? (uint32_t)each : MEMORY_PLAN_LEAST_BUFFER;
}
