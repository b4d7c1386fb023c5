/* Charges against what is resident; see memory_check.h. */
#include "memory_check.h"

#include "base/log.h"
#include "budget/memory_plan.h"
#include "stats/allocator.h"

/* Short of nothing in a large share, less than a small one can spare. */
uint64_t memory_check_bound(uint64_t share) {
    return MEMORY_PLAN_POOLS_BYTES + (share == BUDGET_UNLIMITED ? UINT64_C(64) << 20 : share / 16);
}

void memory_check_init(struct memory_check *check, struct budgets *budgets, const struct memory_dealt *dealt,
                       struct memory_stats *stats) {
    *check = (struct memory_check){.budgets = budgets, .dealt = dealt, .stats = stats};
    for (int i = 0; i < BUDGET_KINDS; i++)
        check->refused_before[i] = stats->kinds[i].refused;
    check->refused_before[BUDGET_KINDS] = stats->process.refused;
    budgets_init(budgets, dealt->share);
}

void memory_check_begin(struct memory_check *check) {
    allocator_purge();
    check->base = allocator_process_anonymous();
}

static uint64_t drift_of(const struct memory_check *check, uint64_t reserved, uint64_t anonymous) {
    uint64_t used = check->budgets->process.used;
    uint64_t expected = check->base + (used > reserved ? used - reserved : 0);
    return anonymous > expected ? anonymous - expected : 0;
}

static void set_limit(struct memory_check *check, uint64_t share, uint64_t drift) {
    uint64_t bound = memory_check_bound(share);
    uint64_t by = share != BUDGET_UNLIMITED && drift > bound ? drift - bound : 0;
    if (by > share / 4 * 3)
        by = share / 4 * 3; /* who serves nobody will not learn that the drift has gone */
    if (by && !check->lowered_by) {
        check->stats->lowered++;
        log_warn("memory",
                 "resident beyond what is charged: the budget is lowered drift=%llu share=%llu by=%llu",
                 (unsigned long long)drift, (unsigned long long)share, (unsigned long long)by);
    }
    check->lowered_by = by;
    if (check->budgets->process.limit != share - by)
        budgets_set_limit(check->budgets, share - by);
}

void memory_check_turn(struct memory_check *check, uint64_t reserved) {
    uint64_t share = check->dealt->share;
    uint64_t anonymous = allocator_process_anonymous();
    uint64_t drift = drift_of(check, reserved, anonymous);
    if (drift > memory_check_bound(share)) {
        allocator_purge();
        check->stats->purges++;
        anonymous = allocator_process_anonymous();
        drift = drift_of(check, reserved, anonymous);
    }
    set_limit(check, share, drift);
    check->stats->anonymous = anonymous;
    check->stats->reserved = reserved;
    check->stats->drift = drift;
}

static void publish_one(const struct budget *budget, uint64_t refused_before,
                        struct budget_figures *figures) {
    *figures = (struct budget_figures){
        .limit = budget->limit == BUDGET_UNLIMITED ? 0 : budget->limit,
        .used = budget->used,
        .peak = budget->peak,
        .refused = refused_before + budget->refused,
    };
}

void memory_check_publish(const struct memory_check *check) {
    const struct budgets *budgets = check->budgets;
    publish_one(&budgets->process, check->refused_before[BUDGET_KINDS], &check->stats->process);
    for (int i = 0; i < BUDGET_KINDS; i++)
        publish_one(&budgets->kinds[i], check->refused_before[i], &check->stats->kinds[i]);
}
