/*
 * Who wins an imp and what it costs.
 *
 * Deals come before open bids, then the higher price, then a hash of auction, partner and bid id, so
 * that a tie falls the same way each time it is replayed and no partner is favoured. First price
 * (at = 1): the bid. Second price (at = 2): the increment above the next bid or the floor, whichever
 * is higher, never above the bid; among deals the same with the deal's floor and its own `at`.
 */
#ifndef SLIMBID_CLEARING_H
#define SLIMBID_CLEARING_H

#include "bid_check.h"

/* Sorts the valid bids of each imp behind each other, best first (refused ones last), sets won and
 * clearing_price of each winner. Returns the number of valid bids. */
size_t clearing_run(const struct bid_rules *rules, struct bid *bids, size_t count, double price_increment);

#endif
