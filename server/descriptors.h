/*
 * File descriptors: a front end needs one for each client and for each partner connection. Clients come
 * unasked and would take all there are; without descriptors for partners every auction is lost.
 */
#ifndef SLIMBID_DESCRIPTORS_H
#define SLIMBID_DESCRIPTORS_H

#include "config/config.h"

/* Raises this process's soft limit to what a front end may need, as far as the hard limit allows; says so in
 * the log when that is too little. Its children inherit it. */
void descriptors_raise(const struct config *config);

/* Client connections that a front end may hold: http.max_connections, or half of the descriptors when these
 * are short. */
uint32_t descriptors_for_clients(const struct config *config);

#endif
