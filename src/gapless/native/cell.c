/* The cells of a super-network on CPUs: forward in training, backward, and evaluation.
 *
 * Plain C with vector extensions; nothing of torch is needed to build it. Compiled once for each instruction
 * set, and each time for float and double and for one or two widths of a vector, see FN.
 */
#include "cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tasks.h"

#define MOST_OPS 1024
#define MOST_STATES 24
#define MOST_CHANNELS 4096
#define MOST_CHUNKS 16
#define TILE 64

enum { FORWARD, BACKWARD, EVALUATE };

#define INLINE static inline __attribute__((always_inline))
#define JOIN3(a, b, c) a##_##b##_##c
#define JOIN(a, b, c) JOIN3(a, b, c)
#define FN(name) JOIN(name, T, V)
#define VEC FN(Vec)
#define MASK FN(Mask)

#ifdef __AVX512F__
#define PAIR 8 /* pixels of a two-block product: as many as registers hold */
#else
#define PAIR 6
#endif

#ifdef __AVX__
#define NARROW 8
#else
#define NARROW 4
#endif

#define T float
#define INT int32_t
#define V NARROW
#include "typed.h"
#undef V
#ifdef __AVX512F__
#define V 16
#include "typed.h"
#undef V
#endif
#undef T
#undef INT

#define T double
#define INT int64_t
#define V 4
#include "typed.h"
#undef V
#ifdef __AVX512F__
#define V 8
#include "typed.h"
#undef V
#endif
#undef T
#undef INT

#define EXPORT __attribute__((visibility("default")))

/* The function that runs fn(data) on n threads; without one, everything runs on the caller's. */
EXPORT void gapless_parallel(void *function) { parallel_of_host = (Parallel)function; }

EXPORT int64_t gapless_limit(int64_t which)
{
    return which == 0 ? MOST_OPS : which == 1 ? MOST_STATES - 2 : MOST_CHANNELS;
}

#ifdef __AVX512F__
#define FLOAT(name, ...) (c->c % 16 ? name##_float_8(__VA_ARGS__) : name##_float_16(__VA_ARGS__))
#define DOUBLE(name, ...) (c->c % 8 ? name##_double_4(__VA_ARGS__) : name##_double_8(__VA_ARGS__))
#else
#define FLOAT(name, ...) JOIN(name, float, NARROW)(__VA_ARGS__)
#define DOUBLE(name, ...) name##_double_4(__VA_ARGS__)
#endif

/* Bytes to hand over as saved and scratch to forward (mode 0), backward (1) and evaluate (2). */
EXPORT void gapless_bytes(Cell *c, int64_t wide, int64_t mode, int64_t *saved, int64_t *scratch)
{
    size_t a, b;
    if (wide)
        DOUBLE(measure, c, (int)mode, &a, &b);
    else
        FLOAT(measure, c, (int)mode, &a, &b);
    *saved = (int64_t)a, *scratch = (int64_t)b;
}

EXPORT void gapless_forward(Cell *c, int64_t wide)
{
    if (wide)
        DOUBLE(forward, c);
    else
        FLOAT(forward, c);
}

/* Forward with running statistics, where no backward follows. */
EXPORT void gapless_evaluate(Cell *c, int64_t wide)
{
    if (wide)
        DOUBLE(evaluate, c);
    else
        FLOAT(evaluate, c);
}

EXPORT void gapless_backward(Cell *c, int64_t wide)
{
    if (wide)
        DOUBLE(backward, c);
    else
        FLOAT(backward, c);
}
