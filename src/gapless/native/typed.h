/* Everything for one number type T and one vector width V. */

typedef T VEC __attribute__((vector_size(V * sizeof(T)), aligned(sizeof(T)), may_alias));
typedef INT MASK __attribute__((vector_size(V * sizeof(T)), aligned(sizeof(T)), may_alias));

#include "depthwise.h"
#include "pointwise.h"
#include "pool.h"
#include "work.h"
#include "forward.h"
#include "gradient.h"
#include "backward.h"
#include "evaluate.h"

static void FN(measure)(Cell *c, int mode, size_t *saved, size_t *scratch)
{
    Cell dry = *c;
    dry.saved = dry.scratch = NULL;
    FN(Work) *w = malloc(sizeof *w);
    FN(lay)(w, &dry, mode, saved, scratch);
    free(w);
}
