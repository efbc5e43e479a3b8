/* Work: the shape of a cell in blocks of V channels, and where everything lies in memory.
 *
 * An image of b blocks is b runs of pixels, a pixel V numbers. Saved: what backward needs of forward, which is
 * every operation's output before its BatchNorm, and statistics. Scratch: packed weights, partial sums of
 * chunks, gradients of states, and buffers of each thread.
 */

typedef struct {
    Cell *c;
    long b, cp, px, po;
    int h, w, ho, wo, chunks, states, pad1, pad2, rows, tile;
    T *pre[2], *max[MOST_STATES], *mean[MOST_STATES], *y1[MOST_OPS], *y2[MOST_OPS];
    double *spre[2], *s1[MOST_OPS], *s2[MOST_OPS]; /* mean and 1 / deviation */
    T *d1[MOST_OPS], *p1[MOST_OPS], *t1[MOST_OPS], *d2[MOST_OPS], *p2[MOST_OPS], *t2[MOST_OPS];
    T *gu[MOST_OPS], *coef[MOST_OPS], *coef1[MOST_OPS];
    T *wpre[2], *tpre[2], *cpre[2];
    T *g[MOST_STATES]; /* gradients of states */
    double *gsum;      /* sums of gradients of nodes */
    double *sums;      /* one part a chunk */
    long nsums, sum_at[MOST_OPS], gw_at[MOST_OPS], gd_at[MOST_OPS], ngw;
    T *gw; /* one part a chunk */
    char *local;
    size_t nlocal;
    int mode, source, first_max[MOST_STATES], first_mean[MOST_STATES]; /* 1 + the operation that computes it */
} FN(Work);

typedef struct { /* a thread's buffers */
    T *raw, *in, *u, *g1, *g2, *gi, *z, *y, *t, *states;
} FN(Local);

typedef struct {
    char *base;
    size_t at;
} FN(Arena);

static void *FN(take)(FN(Arena) * a, long count, size_t each)
{
    void *p = a->base ? a->base + a->at : NULL;
    a->at += ((size_t)count * each + 127) / 128 * 128;
    return p;
}

#define NUMBERS(arena, count) (T *)FN(take)(arena, count, sizeof(T))
#define DOUBLES(arena, count) (double *)FN(take)(arena, count, sizeof(double))

INLINE int FN(convolves)(const Op *o) { return o->kind == SEPARABLE || o->kind == DILATED; }
INLINE int FN(pooled)(const Op *o) { return o->kind == MAX_POOL || o->kind == AVG_POOL; }
INLINE long FN(blocks)(long channels) { return (channels + V - 1) / V; }
INLINE long FN(input_blocks)(const Input *in) { return FN(blocks)(in->channels) * (in->halved ? 2 : 1); }
INLINE int FN(stride)(const FN(Work) * w, int source) { return w->c->reduces && source < 2 ? 2 : 1; }

static FN(Local) FN(local)(const FN(Work) * w, int slot, FN(Arena) * dry)
{
    FN(Arena) own = {w->local ? w->local + (size_t)slot * w->nlocal : NULL, 0};
    FN(Arena) *a = dry ? dry : &own;
    long wide = 2 * w->b;
    for (int i = 0; i < 2; i++)
        if (FN(input_blocks)(&w->c->input[i]) > wide)
            wide = FN(input_blocks)(&w->c->input[i]);
    long most = w->px > w->po ? w->px : w->po;
    long in = (long)(w->h + 2 * w->pad1) * (w->w + 2 * w->pad1), u = (long)(w->ho + 2 * w->pad2) * (w->wo + 2 * w->pad2);
    long g1 = (long)(w->ho + 2 * w->pad1) * (w->wo + 2 * w->pad1);
    FN(Local) l;
    l.raw = NUMBERS(a, w->b * most * V);
    l.in = NUMBERS(a, w->b * in * V);
    l.u = NUMBERS(a, w->b * u * V);
    l.g1 = NUMBERS(a, w->b * g1 * V);
    l.g2 = NUMBERS(a, w->b * u * V);
    l.gi = NUMBERS(a, w->b * in * V);
    l.z = NUMBERS(a, wide * w->tile * V);
    l.y = NUMBERS(a, wide * w->tile * V);
    long room = 2 * w->b * w->po > wide * w->tile ? 2 * w->b * w->po : wide * w->tile;
    l.t = NUMBERS(a, room * V);
    l.states = NUMBERS(a, w->mode == EVALUATE ? w->states * w->b * most * V : 0);
    return l;
}

/* Lays out everything; with NULL as saved and scratch it only measures. */
static void FN(lay)(FN(Work) * w, Cell *c, int mode, size_t *saved, size_t *scratch)
{
    FN(Arena) s = {c->saved, 0}, x = {c->scratch, 0};
    memset(w, 0, sizeof *w);
    w->c = c, w->mode = mode;
    w->h = (int)c->h, w->w = (int)c->w;
    w->ho = c->reduces ? (w->h + 1) / 2 : w->h, w->wo = c->reduces ? (w->w + 1) / 2 : w->w;
    w->px = (long)w->h * w->w, w->po = (long)w->ho * w->wo;
    w->b = FN(blocks)(c->c), w->cp = w->b * V;
    w->chunks = c->n < MOST_CHUNKS ? (int)c->n : MOST_CHUNKS;
    w->states = (int)c->nodes + 2;
    for (int i = 0; i < c->ops; i++) {
        const Op *o = c->op + i;
        if (!FN(convolves)(o))
            continue;
        int reach = (int)(o->dilation * (o->kernel - 1) / 2), second = (int)(o->kernel - 1) / 2;
        w->pad1 = reach > w->pad1 ? reach : w->pad1;
        if (o->kind == SEPARABLE)
            w->pad2 = second > w->pad2 ? second : w->pad2;
    }
    w->rows = w->wo >= TILE ? 1 : TILE / w->wo;
    w->rows = w->rows > w->ho ? w->ho : w->rows;
    int wide = w->w > w->wo ? w->w : w->wo;
    w->tile = (w->rows * wide > TILE ? w->rows * wide : TILE) + 8;
    long images = mode == EVALUATE ? 0 : c->n * w->b * V; /* nothing of an image is kept */
    w->nsums = 4 * w->cp;
    for (int i = 0; i < 2; i++) {
        long in = FN(input_blocks)(c->input + i) * V;
        w->pre[i] = NUMBERS(&s, images * w->px);
        w->spre[i] = DOUBLES(&s, 2 * w->cp);
        w->wpre[i] = NUMBERS(&x, in * w->cp);
        w->tpre[i] = NUMBERS(&x, in * w->cp);
        w->cpre[i] = NUMBERS(&x, 3 * w->cp);
        w->ngw = in * w->cp > w->ngw ? in * w->cp : w->ngw;
    }
    long at = 0, sums = 0;
    for (int i = 0; i < c->ops; i++) {
        const Op *o = c->op + i;
        if (i && o->source != c->op[i - 1].source)
            at = sums = 0;
        long taps = o->kernel * o->kernel;
        w->s1[i] = DOUBLES(&s, 2 * w->cp);
        w->coef[i] = NUMBERS(&x, 3 * w->cp);
        w->sum_at[i] = sums, sums += 2 * w->cp;
        if (FN(pooled)(o)) { /* once a source, shared by its edges */
            int *first = (o->kind == MAX_POOL ? w->first_max : w->first_mean) + o->source;
            T **y = (o->kind == MAX_POOL ? w->max : w->mean) + o->source;
            if (!*first)
                *first = i + 1, *y = NUMBERS(&s, images * w->po);
        }
        if (FN(convolves)(o) || o->kind == REDUCE) {
            long in = (o->kind == REDUCE ? 2 : 1) * w->cp;
            w->y1[i] = NUMBERS(&s, images * w->po);
            w->p1[i] = NUMBERS(&x, in * w->cp);
            w->t1[i] = NUMBERS(&x, in * w->cp);
            w->d1[i] = NUMBERS(&x, taps * w->cp);
            w->gw_at[i] = at, at += in * w->cp;
            w->gd_at[i] = at, at += taps * w->cp;
        }
        if (o->kind == SEPARABLE) {
            w->y2[i] = NUMBERS(&s, images * w->po);
            w->s2[i] = DOUBLES(&s, 2 * w->cp);
            w->p2[i] = NUMBERS(&x, w->cp * w->cp);
            w->t2[i] = NUMBERS(&x, w->cp * w->cp);
            w->d2[i] = NUMBERS(&x, taps * w->cp);
            w->coef1[i] = NUMBERS(&x, 3 * w->cp);
        }
        w->ngw = at > w->ngw ? at : w->ngw;
        w->nsums = sums > w->nsums ? sums : w->nsums;
    }
    w->sums = DOUBLES(&x, w->chunks * w->nsums);
    if (mode == BACKWARD) {
        size_t start = x.at, most = x.at; /* gradients of u live while their source is worked on */
        for (int i = 0; i < c->ops; i++) {
            if (i && c->op[i].source != c->op[i - 1].source)
                x.at = start;
            if (c->op[i].kind == SEPARABLE)
                w->gu[i] = NUMBERS(&x, images * w->po);
            most = x.at > most ? x.at : most;
        }
        x.at = most;
        for (int i = 0; i < w->states; i++)
            w->g[i] = NUMBERS(&x, images * (i < 2 ? w->px : w->po));
        w->gw = NUMBERS(&x, w->chunks * w->ngw);
        w->gsum = DOUBLES(&x, c->nodes * w->cp);
    }
    FN(Arena) one = {NULL, 0};
    FN(local)(w, 0, &one);
    w->nlocal = one.at;
    w->local = FN(take)(&x, c->threads, one.at);
    *saved = s.at + 128, *scratch = x.at + 128;
}

/* -- weights in the order in which they are read ------------------------------------------------------------ */

static void FN(pack_depthwise)(T *to, const T *w, long c, long taps)
{
    for (long ch = 0; ch < FN(blocks)(c) * V; ch++)
        for (long t = 0; t < taps; t++)
            to[((ch / V) * taps + t) * V + ch % V] = ch < c ? w[ch * taps + t] : 0;
}

/* w is out x in; places are `first` for the input's first channel and `from` for the output's. */
static void FN(pack_pointwise)(T *to, T *back, const T *w, long out, long in, long from, long first, long padded_out,
                               long padded_in)
{
    for (long o = 0; o < out; o++)
        for (long i = 0; i < in; i++) {
            long a = from + o, b = first + i;
            to[((a / V) * padded_in + b) * V + a % V] = w[o * in + i];
            if (back)
                back[((b / V) * padded_out + a) * V + b % V] = w[o * in + i];
        }
}

/* The same for either one weight or the two halves of a reduction. */
static void FN(pack_pair)(T *to, T *back, const T *w1, const T *w2, long out, long in, int halved, long padded_out)
{
    long padded = FN(blocks)(in) * V * (halved ? 2 : 1);
    memset(to, 0, sizeof(T) * padded * padded_out);
    if (back)
        memset(back, 0, sizeof(T) * padded * padded_out);
    FN(pack_pointwise)(to, back, w1, halved ? out / 2 : out, in, 0, 0, padded_out, padded);
    if (halved)
        FN(pack_pointwise)(to, back, w2, out - out / 2, in, out / 2, padded / 2, padded_out, padded);
}

static void FN(pack)(FN(Work) * w, int back)
{
    const Cell *c = w->c;
    for (int i = 0; i < 2; i++)
        FN(pack_pair)(w->wpre[i], back ? w->tpre[i] : NULL, c->input[i].weight1, c->input[i].weight2, c->c,
                      c->input[i].channels, (int)c->input[i].halved, w->cp);
    for (int i = 0; i < c->ops; i++) {
        const Op *o = c->op + i;
        if (o->kind == REDUCE)
            FN(pack_pair)(w->p1[i], back ? w->t1[i] : NULL, o->pointwise1, o->pointwise2, c->c, c->c, 1, w->cp);
        if (!FN(convolves)(o))
            continue;
        FN(pack_depthwise)(w->d1[i], o->depthwise1, c->c, o->kernel * o->kernel);
        FN(pack_pair)(w->p1[i], back ? w->t1[i] : NULL, o->pointwise1, NULL, c->c, c->c, 0, w->cp);
        if (o->kind != SEPARABLE)
            continue;
        FN(pack_depthwise)(w->d2[i], o->depthwise2, c->c, o->kernel * o->kernel);
        FN(pack_pair)(w->p2[i], back ? w->t2[i] : NULL, o->pointwise2, NULL, c->c, c->c, 0, w->cp);
    }
}

/* -- BatchNorm ---------------------------------------------------------------------------------------------- */

INLINE double FN(one)(const void *values, long i, double otherwise)
{
    return values ? (double)((const T *)values)[i] : otherwise;
}

/* Sums of a chunk's part, in the order of chunks. */
static double FN(total)(const FN(Work) * w, long i)
{
    double s = 0;
    for (int chunk = 0; chunk < w->chunks; chunk++)
        s += w->sums[chunk * w->nsums + i];
    return s;
}

/* Mean and 1 / deviation: of the batch, from sums at `at`, or the running ones. */
static void FN(statistics)(const FN(Work) * w, const Norm *norm, double *s, long at, double count)
{
    const Cell *c = w->c;
    for (long i = 0; i < w->cp; i++) {
        double mean = 0, var = 1;
        if (i < c->c && c->batch_statistics) {
            mean = FN(total)(w, at + i) / count;
            var = FN(total)(w, at + w->cp + i) / count - mean * mean;
            var = var < 0 ? 0 : var;
        } else if (i < c->c) {
            mean = FN(one)(norm->mean, i, 0), var = FN(one)(norm->var, i, 1);
        }
        s[i] = mean, s[w->cp + i] = 1 / sqrt(var + c->eps);
    }
}

/* Running statistics move towards those of the batch. */
static void FN(update)(const FN(Work) * w, const Norm *norm, const double *s, double count)
{
    const Cell *c = w->c;
    if (!c->batch_statistics || !c->update || !norm->mean)
        return;
    *norm->seen += 1;
    double share = c->momentum < 0 ? 1.0 / (double)*norm->seen : c->momentum;
    T *mean = norm->mean, *var = norm->var;
    for (long i = 0; i < c->c; i++) {
        double r = s[w->cp + i], v = (1 / (r * r) - c->eps) * count / (count - 1);
        mean[i] = (T)((1 - share) * (double)mean[i] + share * s[i]);
        var[i] = (T)((1 - share) * (double)var[i] + share * v);
    }
}

/* y -> a * y + b is BatchNorm with its affine parameters, times `gate`. */
static void FN(affine)(const FN(Work) * w, const Norm *norm, const double *s, double gate, T *a, T *b)
{
    for (long i = 0; i < w->cp; i++) {
        int real = i < w->c->c;
        double scale = gate * s[w->cp + i] * FN(one)(real ? norm->scale : NULL, i, 1);
        a[i] = (T)(real ? scale : 0);
        b[i] = (T)(real ? gate * FN(one)(norm->shift, i, 0) - scale * s[i] : 0);
    }
}

INLINE double FN(gate)(const Cell *c, const Op *o) { return o->gate < 0 ? 1 : FN(one)(c->gates, o->gate, 1); }
INLINE int FN(normal)(const Op *o) { return FN(pooled)(o) ? (int)o->normed : o->kind != SKIP; }
