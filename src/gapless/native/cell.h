/* What a caller hands over: one cell as a list of operations between states.
 *
 * Every struct is a sequence of 64-bit words, so that a caller can fill it without this header.
 * Pointers to numbers are float or double, as the entry point says. NULL: not there, or not wanted.
 */
#ifndef GAPLESS_CELL_H
#define GAPLESS_CELL_H

#include <stddef.h>
#include <stdint.h>

/* BatchNorm over one operation's output. */
typedef struct {
    void *scale, *shift; /* affine parameters, c each */
    void *mean, *var;    /* running statistics, c each */
    int64_t *seen;       /* number of batches tracked */
    void *gscale, *gshift;
} Norm;

enum { MAX_POOL, AVG_POOL, SKIP, REDUCE, SEPARABLE, DILATED };

/* One operation on one edge. `depthwise1 .. pointwise2` are weights as torch keeps them; a REDUCE has its
 * two halves in pointwise1 and pointwise2. `norm1` follows pointwise1, a pool or a REDUCE. */
typedef struct {
    int64_t source, target, kind, kernel, dilation;
    int64_t gate;   /* index into gates; -1: weight 1 */
    int64_t normed; /* whether a pool is followed by a BatchNorm */
    void *depthwise1, *pointwise1, *depthwise2, *pointwise2;
    void *gdepthwise1, *gpointwise1, *gdepthwise2, *gpointwise2;
    Norm norm1, norm2;
} Op;

/* ReLU, pointwise, BatchNorm in front of states 0 and 1; halved: two shifted pointwise of stride 2. */
typedef struct {
    int64_t channels, halved, h, w;
    void *x, *gx; /* n x h x w x channels, channels last */
    void *weight1, *weight2, *gweight1, *gweight2;
    Norm norm;
} Input;

typedef struct {
    int64_t n, h, w; /* images, height and width of states 0 and 1 */
    int64_t c, nodes, reduces;
    int64_t ops; /* sorted by source */
    int64_t batch_statistics, update, threads;
    double eps, momentum; /* momentum below 0: a plain average over all batches seen */
    Op *op;
    Input *input; /* two */
    void *gates, *ggates;
    void *out, *gout; /* n x h' x w' x (nodes * c), channels last */
    char *saved, *scratch;
} Cell;

#endif
