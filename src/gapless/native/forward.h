/* Forward in training: every output before its BatchNorm is kept, what is between is not. */

INLINE void FN(range)(const FN(Work) * w, int chunk, long *from, long *to)
{
    *from = w->c->n * chunk / w->chunks, *to = w->c->n * (chunk + 1) / w->chunks;
}

INLINE T *FN(image)(const FN(Work) * w, T *y, long n, long pixels) { return y + n * w->b * pixels * V; }

/* An image of a state, b blocks of pixels: states 0 and 1 by their BatchNorm, nodes from the cell's output. */
static void FN(state)(const FN(Work) * w, int j, long n, T *raw)
{
    const Cell *c = w->c;
    if (j < 2) {
        const VEC *y = (const VEC *)FN(image)(w, w->pre[j], n, w->px);
        for (long b = 0; b < w->b; b++) {
            const VEC s = *(VEC *)(w->cpre[j] + b * V), t = *(VEC *)(w->cpre[j] + w->cp + b * V);
            for (long p = b * w->px; p < (b + 1) * w->px; p++)
                ((VEC *)raw)[p] = y[p] * s + t;
        }
        return;
    }
    const long ld = c->nodes * c->c;
    const T *out = (const T *)c->out + n * w->po * ld + (j - 2) * c->c;
    for (long b = 0; b < w->b; b++)
        for (long p = 0; p < w->po; p++)
            ((VEC *)raw)[b * w->po + p] = FN(load)(out + p * ld + b * V, c->c - b * V);
}

/* relu(a * y + b) into the inside of a padded image. */
static void FN(fill)(VEC *padded, const VEC *y, int h, int w, int p, const T *a, const T *b)
{
    const long pitch = w + 2 * p;
    VEC s = (VEC){0} + 1, t = {0};
    if (a)
        s = *(const VEC *)a, t = *(const VEC *)b;
    for (int i = 0; i < h; i++) {
        VEC *row = padded + (i + p) * pitch + p;
        for (int x = 0; x < w; x++)
            row[x] = FN(relu)(y[(long)i * w + x] * s + t);
    }
}

/* Sums of y and y * y over a tile, added to sums (cp each). */
static void FN(moments)(const FN(Work) * w, const T *y, long ystep, long pixels, double *sums)
{
    for (long b = 0; b < w->b; b++) {
        const VEC *q = (const VEC *)(y + b * ystep);
        VEC s = {0}, t = {0}, s1 = {0}, t1 = {0};
        long p = 0;
        for (; p + 2 <= pixels; p += 2) {
            s += q[p], t += q[p] * q[p];
            s1 += q[p + 1], t1 += q[p + 1] * q[p + 1];
        }
        if (p < pixels)
            s += q[p], t += q[p] * q[p];
        s += s1, t += t1;
        for (int v = 0; v < V; v++)
            sums[b * V + v] += (double)s[v], sums[w->cp + b * V + v] += (double)t[v];
    }
}

/* A tile of the pixels (2y, 2x) and (2y + 1, 2x + 1) of relu(raw): what a halving reads. */
static void FN(shifted)(const VEC *raw, long blocks, long pixels, int h, int w, int wo, int y0, int y1, VEC *z,
                        long tile)
{
    for (long b = 0; b < blocks; b++)
        for (int y = y0; y < y1; y++)
            for (int x = 0; x < wo; x++) {
                const long p = (long)(y - y0) * wo + x;
                z[b * tile + p] = FN(relu)(raw[b * pixels + 2L * y * w + 2 * x]);
                VEC v = {0};
                if (2 * y + 1 < h && 2 * x + 1 < w)
                    v = FN(relu)(raw[b * pixels + (2L * y + 1) * w + 2 * x + 1]);
                z[(blocks + b) * tile + p] = v;
            }
}

/* The same of an input as torch keeps it; without halving its pixels (y, x). */
static void FN(input_tile)(const Input *in, long n, int w, int y0, int y1, VEC *z, long tile)
{
    const long ld = in->channels, blocks = FN(blocks)(ld);
    const T *x = (const T *)in->x + n * in->h * in->w * ld;
    const int step = in->halved ? 2 : 1;
    for (int half = 0; half < step; half++)
        for (int y = y0; y < y1; y++)
            for (int i = 0; i < w; i++) {
                const long row = (long)step * y + half, col = (long)step * i + half;
                const T *q = x + (row * in->w + col) * ld;
                const int inside = row < in->h && col < in->w;
                VEC *to = z + half * blocks * tile + (long)(y - y0) * w + i;
                for (long b = 0; b < blocks; b++)
                    to[b * tile] = inside ? FN(relu)(FN(load)(q + b * V, ld - b * V)) : (VEC){0};
            }
}

INLINE int FN(input_rows)(const FN(Work) * w) { return w->w >= TILE ? 1 : TILE / w->w; }

static void FN(forward_input)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const int j = w->source, rows = FN(input_rows)(w);
    const Input *in = w->c->input + j;
    FN(Local) l = FN(local)(w, slot, NULL);
    double *sums = w->sums + chunk * w->nsums;
    memset(sums, 0, sizeof(double) * w->nsums);
    long n, to;
    for (FN(range)(w, chunk, &n, &to); n < to; n++)
        for (int y = 0; y < w->h; y += rows) {
            const int last = y + rows < w->h ? y + rows : w->h;
            const long pixels = (long)(last - y) * w->w;
            T *out = FN(image)(w, w->pre[j], n, w->px) + (long)y * w->w * V;
            FN(input_tile)(in, n, w->w, y, last, (VEC *)l.z, w->tile);
            FN(pointwise)(l.z, w->tile * V, FN(input_blocks)(in) * V, w->wpre[j], out, w->px * V, w->cp, pixels, 0);
            FN(moments)(w, out, w->px * V, pixels, sums);
        }
}

/* Depthwise of all blocks of output rows y0 .. y1 into the tile z. */
static void FN(depthwise_tile)(const FN(Work) * w, const T *in, long inside, long pitch, int p, const Op *o, int d,
                               int stride, const T *weights, int y0, int y1, T *z)
{
    const int k = (int)o->kernel;
    for (long b = 0; b < w->b; b++)
        FN(depthwise)((const VEC *)in + b * inside, pitch, p, k, d, stride, (const VEC *)weights + b * k * k, y0, y1,
                      w->wo, (VEC *)z + b * w->tile, w->wo, 0);
}

/* Everything that leaves a source, up to the first BatchNorm. */
static void FN(forward_first)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const Cell *c = w->c;
    const int j = w->source, stride = FN(stride)(w, j), h = j < 2 ? w->h : w->ho, wd = j < 2 ? w->w : w->wo;
    const long px = (long)h * wd, pitch = wd + 2 * w->pad1, inside = (h + 2 * w->pad1) * pitch;
    FN(Local) l = FN(local)(w, slot, NULL);
    double *sums = w->sums + chunk * w->nsums;
    memset(sums, 0, sizeof(double) * w->nsums);
    memset(l.in, 0, sizeof(T) * w->b * inside * V);
    long n, to;
    for (FN(range)(w, chunk, &n, &to); n < to; n++) {
        FN(state)(w, j, n, l.raw);
        for (long b = 0; b < w->b; b++)
            FN(fill)((VEC *)l.in + b * inside, (VEC *)l.raw + b * px, h, wd, w->pad1, NULL, NULL);
        if (w->first_max[j] || w->first_mean[j]) {
            T *max = w->first_max[j] ? FN(image)(w, w->max[j], n, w->po) : NULL;
            T *mean = w->first_mean[j] ? FN(image)(w, w->mean[j], n, w->po) : NULL;
            for (long b = 0; b < w->b; b++)
                FN(pools)((VEC *)l.raw + b * px, h, wd, stride, w->ho, w->wo,
                          max ? (VEC *)max + b * w->po : NULL, mean ? (VEC *)mean + b * w->po : NULL);
            if (max)
                FN(moments)(w, max, w->po * V, w->po, sums + w->sum_at[w->first_max[j] - 1]);
            if (mean)
                FN(moments)(w, mean, w->po * V, w->po, sums + w->sum_at[w->first_mean[j] - 1]);
        }
        for (int y = 0; y < w->ho; y += w->rows) {
            const int last = y + w->rows < w->ho ? y + w->rows : w->ho;
            const long pixels = (long)(last - y) * w->wo;
            for (int i = 0; i < c->ops; i++) {
                const Op *o = c->op + i;
                if (o->source != j || !w->y1[i])
                    continue;
                T *out = FN(image)(w, w->y1[i], n, w->po) + (long)y * w->wo * V;
                long in = w->cp;
                if (o->kind == REDUCE) {
                    in *= 2;
                    FN(shifted)((VEC *)l.raw, w->b, px, h, wd, w->wo, y, last, (VEC *)l.z, w->tile);
                } else {
                    FN(depthwise_tile)(w, l.in, inside, pitch, w->pad1, o, (int)o->dilation, stride, w->d1[i], y,
                                       last, l.z);
                }
                FN(pointwise)(l.z, w->tile * V, in, w->p1[i], out, w->po * V, w->cp, pixels, 0);
                FN(moments)(w, out, w->po * V, pixels, sums + w->sum_at[i]);
            }
        }
    }
}

/* BatchNorm and ReLU in the middle of separable convolution i, into a padded image. */
static void FN(middle)(const FN(Work) * w, int i, long n, T *u)
{
    const long inside = (long)(w->ho + 2 * w->pad2) * (w->wo + 2 * w->pad2);
    const VEC *y = (const VEC *)FN(image)(w, w->y1[i], n, w->po);
    for (long b = 0; b < w->b; b++)
        FN(fill)((VEC *)u + b * inside, y + b * w->po, w->ho, w->wo, w->pad2, w->coef1[i] + b * V,
                 w->coef1[i] + w->cp + b * V);
}

/* The second half of separable convolutions: BatchNorm, ReLU, depthwise, pointwise. */
static void FN(forward_second)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const Cell *c = w->c;
    const long pitch = w->wo + 2 * w->pad2, inside = (w->ho + 2 * w->pad2) * pitch;
    FN(Local) l = FN(local)(w, slot, NULL);
    double *sums = w->sums + chunk * w->nsums;
    memset(sums, 0, sizeof(double) * w->nsums);
    memset(l.u, 0, sizeof(T) * w->b * inside * V);
    long n, to;
    for (FN(range)(w, chunk, &n, &to); n < to; n++)
        for (int i = 0; i < c->ops; i++) {
            const Op *o = c->op + i;
            if (o->source != w->source || o->kind != SEPARABLE)
                continue;
            FN(middle)(w, i, n, l.u);
            for (int y = 0; y < w->ho; y += w->rows) {
                const int last = y + w->rows < w->ho ? y + w->rows : w->ho;
                const long pixels = (long)(last - y) * w->wo;
                T *out = FN(image)(w, w->y2[i], n, w->po) + (long)y * w->wo * V;
                FN(depthwise_tile)(w, l.u, inside, pitch, w->pad2, o, 1, 1, w->d2[i], y, last, l.z);
                FN(pointwise)(l.z, w->tile * V, w->cp, w->p2[i], out, w->po * V, w->cp, pixels, 0);
                FN(moments)(w, out, w->po * V, pixels, sums + w->sum_at[i]);
            }
        }
}

/* What an operation hands to its node, before BatchNorm and gate; NULL where that is its source itself. */
INLINE T *FN(term)(const FN(Work) * w, int i)
{
    const Op *o = w->c->op + i;
    switch (o->kind) {
    case MAX_POOL: return w->max[o->source];
    case AVG_POOL: return w->mean[o->source];
    case SKIP: return o->source < 2 ? w->pre[o->source] : NULL;
    case SEPARABLE: return w->y2[i];
    default: return w->y1[i];
    }
}

/* A node is the sum of its terms, each times a scale, and one shift. */
static void FN(forward_node)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const Cell *c = w->c;
    const int node = w->source;
    const long ld = c->nodes * c->c;
    FN(Local) l = FN(local)(w, slot, NULL);
    long n, to;
    for (FN(range)(w, chunk, &n, &to); n < to; n++)
        for (long b = 0; b < w->b; b++) {
            const long has = c->c - b * V;
            for (long p0 = 0; p0 < w->po; p0 += 2 * TILE) {
                const long pixels = p0 + 2 * TILE < w->po ? 2 * TILE : w->po - p0;
                VEC *sum = (VEC *)l.t, shift = {0};
                T *out = (T *)c->out + (n * w->po + p0) * ld + b * V;
                for (int i = 0; i < c->ops; i++)
                    if (c->op[i].target == node + 2)
                        shift += *(VEC *)(w->coef[i] + w->cp + b * V);
                for (long p = 0; p < pixels; p++)
                    sum[p] = shift;
                for (int i = 0; i < c->ops; i++) {
                    if (c->op[i].target != node + 2)
                        continue;
                    const VEC scale = *(VEC *)(w->coef[i] + b * V);
                    T *term = FN(term)(w, i);
                    if (term) {
                        const VEC *y = (const VEC *)FN(image)(w, term, n, w->po) + b * w->po + p0;
                        for (long p = 0; p < pixels; p++)
                            sum[p] += scale * y[p];
                    } else {
                        const T *y = out + (c->op[i].source - 2) * c->c;
                        for (long p = 0; p < pixels; p++)
                            sum[p] += scale * FN(load)(y + p * ld, has);
                    }
                }
                for (long p = 0; p < pixels; p++)
                    FN(store)(out + node * c->c + p * ld, sum[p], has);
            }
        }
}

/* Scale and shift of an operation's output; of a source that is not normalised yet, both together. */
static void FN(output_affine)(FN(Work) * w, int i)
{
    const Op *o = w->c->op + i;
    const double gate = FN(gate)(w->c, o);
    T *a = w->coef[i], *b = a + w->cp;
    if (FN(normal)(o)) {
        FN(affine)(w, o->kind == SEPARABLE ? &o->norm2 : &o->norm1, o->kind == SEPARABLE ? w->s2[i] : w->s1[i], gate, a,
                   b);
        return;
    }
    for (long k = 0; k < w->cp; k++) {
        a[k] = k < w->c->c ? (T)gate : 0, b[k] = 0;
        if (o->kind == SKIP && o->source < 2 && k < w->c->c)
            a[k] = (T)(gate * (double)w->cpre[o->source][k]), b[k] = (T)(gate * (double)w->cpre[o->source][w->cp + k]);
    }
}

static void FN(forward)(Cell *c)
{
    FN(Work) *w = malloc(sizeof *w);
    size_t saved, scratch;
    FN(lay)(w, c, FORWARD, &saved, &scratch);
    FN(pack)(w, 0);
    const double count = (double)c->n * w->po;
    for (w->source = 0; w->source < 2; w->source++) {
        const int j = w->source;
        each((int)c->threads, w->chunks, FN(forward_input), w);
        FN(statistics)(w, &c->input[j].norm, w->spre[j], 0, (double)c->n * w->px);
        FN(update)(w, &c->input[j].norm, w->spre[j], (double)c->n * w->px);
        FN(affine)(w, &c->input[j].norm, w->spre[j], 1, w->cpre[j], w->cpre[j] + w->cp);
    }
    for (int j = 0; j < w->states; j++) {
        if (j >= 2) {
            w->source = j - 2;
            each((int)c->threads, w->chunks, FN(forward_node), w);
        }
        w->source = j;
        int leaves = 0, second = 0;
        for (int i = 0; i < c->ops; i++)
            if (c->op[i].source == j)
                leaves = 1, second |= c->op[i].kind == SEPARABLE;
        if (!leaves)
            continue;
        each((int)c->threads, w->chunks, FN(forward_first), w);
        for (int i = 0; i < c->ops; i++) {
            const Op *o = c->op + i;
            if (o->source != j || !FN(normal)(o))
                continue;
            int at = o->kind == MAX_POOL ? w->first_max[j] - 1 : o->kind == AVG_POOL ? w->first_mean[j] - 1 : i;
            FN(statistics)(w, &o->norm1, w->s1[i], w->sum_at[at], count);
            FN(update)(w, &o->norm1, w->s1[i], count);
            if (o->kind == SEPARABLE)
                FN(affine)(w, &o->norm1, w->s1[i], 1, w->coef1[i], w->coef1[i] + w->cp);
        }
        if (second) {
            each((int)c->threads, w->chunks, FN(forward_second), w);
            for (int i = 0; i < c->ops; i++)
                if (c->op[i].source == j && c->op[i].kind == SEPARABLE) {
                    FN(statistics)(w, &c->op[i].norm2, w->s2[i], w->sum_at[i], count);
                    FN(update)(w, &c->op[i].norm2, w->s2[i], count);
                }
        }
        for (int i = 0; i < c->ops; i++)
            if (c->op[i].source == j)
                FN(output_affine)(w, i);
    }
    free(w);
}
