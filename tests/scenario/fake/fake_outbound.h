/* Partners that answer by script, behind outbound/outbound.h: no socket, no libcurl. */
#ifndef SLIMBID_FAKE_OUTBOUND_H
#define SLIMBID_FAKE_OUTBOUND_H

#include "outbound/outbound.h"

#define FAKE_CALL_BYTES 16384 /* charged for a call that runs */

struct fake_script {
    bool never;
    bool unresolved;
    uint64_t after_us;
    enum outbound_outcome outcome;
    int status;
    struct str body; /* the scenario's memory */
};

/* The target of that partner, or NULL. */
struct outbound_target *fake_outbound_find(struct outbound *outbound, struct str name);
/* The script of targets made from now on; before, they never answer. */
void fake_outbound_script_next(struct outbound *outbound, const struct fake_script *script);
void fake_outbound_script(struct outbound_target *target, const struct fake_script *script);
/* The body of the target's last call, and how many calls there were since the last reset. */
struct str fake_outbound_last_body(const struct outbound_target *target);
/* The path of the target's last call, when it had one of its own (outbound_call_path()). */
struct str fake_outbound_last_path(const struct outbound_target *target);
unsigned fake_outbound_calls(const struct outbound_target *target);
void fake_outbound_reset_counts(struct outbound *outbound);

#endif
