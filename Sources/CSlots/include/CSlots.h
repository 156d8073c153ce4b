// A thread's own values of a slot table: what no other thread writes needs no locked addition, which alone takes
// longer than everything else that counting does. In C, since Swift has no thread-local storage that costs nothing.
#pragma once
#include <stdint.h>

/// Which table the calling thread has values of its own in (0: in none), and where they are.
struct slots_own {
    uint64_t table;
    uint64_t *values;
};

extern _Thread_local struct slots_own slots_own;

/// The table that the calling thread has values of its own in; 0: none.
static inline uint64_t slots_own_table(void) { return slots_own.table; }

/// From now on the calling thread alone writes `values`.
static inline void slots_own_adopt(uint64_t table, uint64_t *values) {
    slots_own.table = table;
    slots_own.values = values;
}

/// Adds to the thread's own value where it has one, else to the one that all share. Readers on other threads see
/// whole values that never go down.
static inline void slots_add(uint64_t *shared, uint64_t table, long slot, uint64_t amount) {
    if (__builtin_expect(slots_own.table == table, 1)) {
        uint64_t *own = slots_own.values + slot;
        __atomic_store_n(own, __atomic_load_n(own, __ATOMIC_RELAXED) + amount, __ATOMIC_RELAXED);
    } else {
        __atomic_fetch_add(shared + slot, amount, __ATOMIC_RELAXED);
    }
}

/// A slot's sum over the first tables of several that are `stride` values apart.
static inline uint64_t slots_sum(const uint64_t *first, long tables, long stride, long slot) {
    uint64_t sum = 0;
    for (long table = 0; table < tables; table++)
        sum += __atomic_load_n(first + table * stride + slot, __ATOMIC_RELAXED);
    return sum;
}
