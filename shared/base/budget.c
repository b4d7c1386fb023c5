/* Charges and their bounds; see budget.h. */
#include "base/budget.h"

#include <assert.h>

/*
 * In hundredths of the process's limit. Connections alone must not take what their requests need, nor
 * requests what their auctions need; so each step of a request's way may fill the process a little further
 * than the one before it, and what running auctions need may fill it up.
 */
static const struct kind_share {
    const char *name;
    unsigned limit, ceiling;
} shares[BUDGET_KINDS] = {
    [BUDGET_CONNECTIONS] = {"connections", 60, 85},
    [BUDGET_BODIES] = {"bodies", 60, 90},
    [BUDGET_AUCTIONS] = {"auctions", 60, 88},
    [BUDGET_ARENAS] = {"arenas", 100, 100},
    [BUDGET_TRANSFERS] = {"transfers", 80, 94},
    [BUDGET_ANSWERS] = {"answers", 100, 100},
    [BUDGET_LATE] = {"late", 25, 80},
    [BUDGET_NOTICES] = {"notices", 15, 80},
    [BUDGET_CLICKSTREAM] = {"clickstream", 40, 85},
    [BUDGET_KEPT] = {"kept", 40, 75},
};

const char *budget_kind_name(enum budget_kind kind) {
    return shares[kind].name;
}

static uint64_t hundredths(uint64_t limit, unsigned share) {
    return limit == BUDGET_UNLIMITED ? BUDGET_UNLIMITED : limit / 100 * share + limit % 100 * share / 100;
}

void budgets_set_limit(struct budgets *budgets, uint64_t limit) {
    budgets->process.limit = limit;
    for (int i = 0; i < BUDGET_KINDS; i++) {
        budgets->kinds[i].limit = hundredths(limit, shares[i].limit);
        budgets->kinds[i].ceiling = hundredths(limit, shares[i].ceiling);
    }
}

void budgets_init(struct budgets *budgets, uint64_t limit) {
    *budgets = (struct budgets){.process.ceiling = BUDGET_UNLIMITED};
    for (int i = 0; i < BUDGET_KINDS; i++)
        budgets->kinds[i].parent = &budgets->process;
    budgets_set_limit(budgets, limit);
}

/* Whether so much fits below the bound. */
static bool below(uint64_t used, uint64_t bytes, uint64_t bound) {
    return used <= bound && bytes <= bound - used;
}

bool budget_fits(const struct budget *budget, uint64_t bytes) {
    if (!budget)
        return true;
    if (!below(budget->used, bytes, budget->limit))
        return false;
    const struct budget *parent = budget->parent;
    return !parent || (below(parent->used, bytes, budget->ceiling) && budget_fits(parent, bytes));
}

static void add(struct budget *budget, uint64_t bytes) {
    budget->used += bytes;
    if (budget->used > budget->peak)
        budget->peak = budget->used;
}

void budget_charge_anyway(struct budget *budget, uint64_t bytes) {
    for (; budget; budget = budget->parent)
        add(budget, bytes);
}

bool budget_charge(struct budget *budget, uint64_t bytes) {
    if (LIKELY(budget_fits(budget, bytes))) {
        budget_charge_anyway(budget, bytes);
        return true;
    }
    for (; budget; budget = budget->parent)
        budget->refused++;
    return false;
}

void budget_return(struct budget *budget, uint64_t bytes) {
    for (; budget; budget = budget->parent) {
        assert(bytes <= budget->used);
        budget->used -= bytes;
    }
}

bool budget_takes(const struct budget *budget, uint64_t bytes) {
    if (!budget)
        return true;
    return below(budget->used, bytes, budget->limit) &&
           (!budget->parent || budget->parent->used <= budget->ceiling);
}

void budget_move(struct budget *from, struct budget *to, uint64_t bytes) {
    if (!from || !to)
        return;
    assert(from->parent == to->parent && bytes <= from->used);
    from->used -= bytes;
    add(to, bytes);
}
