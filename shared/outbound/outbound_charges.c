/*
 * What calls and connections are charged.
 *
 * A handle is charged from its making to its end: as kept while it is free, as a transfer while a call has
 * it, as late while nobody waits. With it go the buffers of its call. A call that begins is charged what
 * libcurl takes while it runs, and a connection: over HTTP/1.1 no more connections are used than calls run,
 * so each call brings the charge of one, its own or a kept one's, before libcurl opens any socket. What is
 * open beyond the calls is kept.
 *
 * Kept things are memory that another use may need more: free handles go when a call finds no room, and those
 * that nobody needed for a while go by and by.
 */
#include <sys/socket.h>

#include "base/memory_costs.h"
#include "outbound/outbound_internal.h"

#define KEPT_TURNS 8 /* of what was not needed for a turn of housekeeping, one part of so many goes */

static struct budget *kind(const struct outbound *outbound, enum budget_kind kind) {
    return outbound->budgets ? &outbound->budgets->kinds[kind] : NULL;
}

static struct budget *kind_of(const struct outbound *outbound, enum call_state state) {
    switch (state) {
    case CALL_FREE:
        return kind(outbound, BUDGET_KEPT);
    case CALL_LATE:
        return kind(outbound, BUDGET_LATE);
    case CALL_FILLING:
    case CALL_RUNNING:
    case CALL_FINISHED:
        break;
    }
    return kind(outbound, BUDGET_TRANSFERS);
}

static uint64_t connection_bytes(const struct outbound_target *target) {
    return target->tls ? MEMORY_TLS_CONNECTION : MEMORY_PLAIN_CONNECTION;
}

static uint64_t transfer_bytes(const struct outbound_target *target) {
    return target->tls ? MEMORY_TLS_TRANSFER_BYTES : MEMORY_PLAIN_TRANSFER_BYTES;
}

/* What a call has, whether it runs or not. */
static uint64_t held_bytes(const struct outbound_call *call) {
    return MEMORY_HANDLE_BYTES + buf_charged(&call->body) + buf_charged(&call->packed) +
           buf_charged(&call->path) + buf_charged(&call->answer);
}

/* ---- handles ---- */

void outbound_charge_to(struct outbound *outbound, struct budgets *budgets) {
    outbound->budgets = budgets;
}

bool outbound_charge_handle(struct outbound_call *call) {
    struct outbound *outbound = call->target->outbound;
    struct budget *transfers = kind(outbound, BUDGET_TRANSFERS);
    if (!budget_charge(transfers, MEMORY_HANDLE_BYTES))
        return false;
    buf_charge_to(&call->body, transfers, 0);
    buf_charge_to(&call->packed, transfers, 0);
    buf_charge_to(&call->path, transfers, 0);
    buf_charge_to(&call->answer, transfers, 0);
    budget_move(transfers, kind(outbound, BUDGET_KEPT), MEMORY_HANDLE_BYTES);
    call->charged = true;
    return true;
}

void outbound_charge_handle_end(struct outbound_call *call) {
    struct outbound *outbound = call->target->outbound;
    if (!call->charged)
        return;
    if (call->state != CALL_FREE)
        outbound_charge_ended(call, call->state);
    /* Its buffers return their part themselves, as transfers. */
    budget_move(kind(outbound, BUDGET_KEPT), kind(outbound, BUDGET_TRANSFERS), held_bytes(call));
    budget_return(kind(outbound, BUDGET_TRANSFERS), MEMORY_HANDLE_BYTES);
    call->charged = false;
}

/* ---- calls ---- */

/* A kept connection becomes this call's, or a new one is charged. */
static bool charge_connection(struct outbound_target *target) {
    struct budget *transfers = kind(target->outbound, BUDGET_TRANSFERS);
    if (target->kept_connections > 0 && budget_takes(transfers, connection_bytes(target))) {
        budget_move(kind(target->outbound, BUDGET_KEPT), transfers, connection_bytes(target));
        target->kept_connections--;
    } else if (!budget_charge(transfers, connection_bytes(target))) {
        return false;
    }
    target->used_connections++;
    return true;
}

bool outbound_charge_begin(struct outbound_call *call) {
    struct outbound_target *target = call->target;
    struct outbound *outbound = target->outbound;
    struct budget *transfers = kind(outbound, BUDGET_TRANSFERS);
    if (!budget_takes(transfers, held_bytes(call)) || !budget_charge(transfers, transfer_bytes(target)))
        return false;
    if (!charge_connection(target)) {
        budget_return(transfers, transfer_bytes(target));
        return false;
    }
    budget_move(kind(outbound, BUDGET_KEPT), transfers, held_bytes(call));
    return true;
}

bool outbound_charge_may_be_late(const struct outbound_call *call) {
    const struct outbound_target *target = call->target;
    return budget_takes(kind_of(target->outbound, CALL_LATE), held_bytes(call) + transfer_bytes(target));
}

void outbound_charge_late(struct outbound_call *call) {
    const struct outbound *outbound = call->target->outbound;
    budget_move(kind(outbound, BUDGET_TRANSFERS), kind_of(outbound, CALL_LATE),
                held_bytes(call) + transfer_bytes(call->target));
}

void outbound_charge_ended(struct outbound_call *call, enum call_state from) {
    struct outbound_target *target = call->target;
    struct outbound *outbound = target->outbound;
    struct budget *was = kind_of(outbound, from), *kept = kind(outbound, BUDGET_KEPT);
    budget_return(was, transfer_bytes(target));
    budget_move(was, kept, held_bytes(call));
    target->used_connections--;
    if (target->open_connections > target->used_connections + target->kept_connections) {
        budget_move(kind(outbound, BUDGET_TRANSFERS), kept, connection_bytes(target));
        target->kept_connections++;
    } else {
        budget_return(kind(outbound, BUDGET_TRANSFERS), connection_bytes(target));
    }
}

/* ---- sockets ---- */

void outbound_charge_opened(struct outbound_target *target) {
    target->open_connections++;
    target->outbound->sockets++;
    if (target->open_connections <= target->used_connections + target->kept_connections)
        return;
    /* A second try beside the first: it lasts as long as one of them fails. */
    budget_charge_anyway(kind(target->outbound, BUDGET_KEPT), connection_bytes(target));
    target->kept_connections++;
}

void outbound_charge_closed(struct outbound *outbound, struct outbound_target *target, bool tls) {
    struct budget *kept = kind(outbound, BUDGET_KEPT);
    outbound->sockets--;
    if (!target) {
        budget_return(kept, tls ? MEMORY_TLS_CONNECTION : MEMORY_PLAIN_CONNECTION);
        return;
    }
    target->open_connections--;
    if (target->kept_connections == 0 ||
        target->open_connections >= target->used_connections + target->kept_connections)
        return;
    budget_return(kept, connection_bytes(target));
    target->kept_connections--;
}

void outbound_charge_orphans(struct outbound_target *target) {
    struct budget *kept = kind(target->outbound, BUDGET_KEPT);
    budget_return(kept, target->kept_connections * connection_bytes(target));
    budget_charge_anyway(kept, target->open_connections * connection_bytes(target));
    target->kept_connections = 0;
}

uint64_t outbound_socket_bytes(const struct outbound *outbound) {
    return outbound->sockets * MEMORY_SOCKET_BYTES;
}

/* ---- what is kept for nobody ---- */

static void free_handles(struct outbound_target *target, size_t count) {
    for (; count > 0 && target->free; count--) {
        struct outbound_call *call = target->free;
        target->free = call->next;
        target->free_count--;
        outbound_call_free(call);
    }
}

/* Those of a target that can be freed for another's, or its own, next call: it needs one itself. */
static size_t spare_handles(const struct outbound_target *target, const struct outbound_target *asking) {
    return target == asking && target->free_count ? target->free_count - 1 : target->free_count;
}

bool outbound_free_kept(struct outbound_target *asking) {
    struct outbound_target *targets = asking->outbound->targets;
    uint64_t bytes = transfer_bytes(asking) + connection_bytes(asking) + MEMORY_HANDLE_BYTES;
    size_t wanted = (bytes + MEMORY_HANDLE_BYTES - 1) / MEMORY_HANDLE_BYTES, there = 0;
    for (const struct outbound_target *target = targets; target; target = target->next)
        there += spare_handles(target, asking);
    if (there < wanted)
        return false;
    for (struct outbound_target *target = targets; target && wanted > 0; target = target->next) {
        size_t spare = spare_handles(target, asking);
        size_t count = spare < wanted ? spare : wanted;
        free_handles(target, count);
        wanted -= count;
    }
    return true;
}

void outbound_housekeep(struct outbound *outbound) {
    bool crowded = outbound->budgets && !budget_takes(kind(outbound, BUDGET_KEPT), 0);
    for (struct outbound_target *target = outbound->targets; target; target = target->next) {
        size_t unused = target->least_free;
        free_handles(target, crowded ? target->free_count / 2 + 1 : (unused + KEPT_TURNS - 1) / KEPT_TURNS);
        target->least_free = target->free_count;
    }
    outbound_sockets_housekeep(outbound, crowded);
}
