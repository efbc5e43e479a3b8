/* Backward: source after source, from the last; what lies between outputs is computed again. */

/* Through the second half of separable convolutions, down to the first BatchNorm's output before its ReLU. */
static void FN(backward_second)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const Cell *c = w->c;
    const int p = w->pad2;
    const long pitch = w->wo + 2 * p, inside = (w->ho + 2 * p) * pitch;
    FN(Local) l = FN(local)(w, slot, NULL);
    double *sums = w->sums + chunk * w->nsums;
    T *gw = w->gw + chunk * w->ngw;
    memset(sums, 0, sizeof(double) * w->nsums);
    memset(gw, 0, sizeof(T) * w->ngw);
    memset(l.u, 0, sizeof(T) * w->b * inside * V);
    memset(l.g2, 0, sizeof(T) * w->b * inside * V);
    long n, to;
    for (FN(range)(w, chunk, &n, &to); n < to; n++)
        for (int i = 0; i < c->ops; i++) {
            const Op *o = c->op + i;
            if (o->source != w->source || o->kind != SEPARABLE)
                continue;
            const int k = (int)o->kernel;
            const T *y1 = FN(image)(w, w->y1[i], n, w->po), *y2 = FN(image)(w, w->y2[i], n, w->po);
            const T *g = FN(image)(w, w->g[o->target], n, w->po);
            FN(middle)(w, i, n, l.u);
            for (int y = 0; y < w->ho; y += w->rows) {
                const int last = y + w->rows < w->ho ? y + w->rows : w->ho;
                const long pixels = (long)(last - y) * w->wo, at = (long)y * w->wo * V;
                FN(gradient_tile)(w, g + at, y2 + at, w->coef[i], pixels, (VEC *)l.y);
                if (o->gpointwise2) {
                    FN(depthwise_tile)(w, l.u, inside, pitch, p, o, 1, 1, w->d2[i], y, last, l.z);
                    FN(pointwise_weights)(l.z, w->tile * V, w->cp, l.y, w->tile * V, w->cp, pixels, gw + w->gw_at[i]);
                }
                FN(pointwise)(l.y, w->tile * V, w->cp, w->t2[i], l.t, w->tile * V, w->cp, pixels, 0);
                FN(rows_into)(w, (VEC *)l.t, y, last, p, (VEC *)l.g2);
            }
            T *gu = FN(image)(w, w->gu[i], n, w->po);
            for (long b = 0; b < w->b; b++) {
                VEC flipped[49], *out = (VEC *)gu + b * w->po, s = {0}, t = {0};
                const VEC *u = (VEC *)l.u + b * inside + p * pitch + p, *y = (VEC *)y1 + b * w->po;
                const VEC *gz = (VEC *)l.g2 + b * inside;
                if (o->gpointwise2)
                    FN(depthwise_weights)((VEC *)l.u + b * inside, pitch, p, k, 1, 1, gz + p * pitch + p, pitch, w->ho,
                                          w->wo, (VEC *)(gw + w->gd_at[i]) + b * k * k);
                FN(flip)(w->d2[i], b, k * k, flipped);
                FN(depthwise)(gz, pitch, p, k, 1, 1, flipped, 0, w->ho, w->wo, out, w->wo, 0);
                for (int r = 0; r < w->ho; r++)
                    for (int x = 0; x < w->wo; x++, out++, y++) {
                        const VEC v = (VEC)((MASK)*out & (u[r * pitch + x] > 0));
                        *out = v, s += v, t += v * *y;
                    }
                for (int v = 0; v < V; v++)
                    sums[w->sum_at[i] + b * V + v] += (double)s[v], sums[w->sum_at[i] + w->cp + b * V + v] += (double)t[v];
            }
        }
}

/* One convolving operation's first half, from the gradient of its output to that of the padded source. */
static void FN(backward_op)(const FN(Work) * w, int i, long n, FN(Local) l, const VEC *in, int stride, long pitch,
                            long inside, T *gw)
{
    const Op *o = w->c->op + i;
    const int k = (int)o->kernel, d = (int)o->dilation, p = w->pad1, two = o->kind == SEPARABLE;
    const long gpitch = w->wo + 2 * p, ginside = (w->ho + 2 * p) * gpitch;
    const T *y1 = FN(image)(w, w->y1[i], n, w->po), *g = FN(image)(w, two ? w->gu[i] : w->g[o->target], n, w->po);
    for (int y = 0; y < w->ho; y += w->rows) {
        const int last = y + w->rows < w->ho ? y + w->rows : w->ho;
        const long pixels = (long)(last - y) * w->wo, at = (long)y * w->wo * V;
        FN(gradient_tile)(w, g + at, y1 + at, two ? w->coef1[i] : w->coef[i], pixels, (VEC *)l.y);
        if (o->gpointwise1) {
            FN(depthwise_tile)(w, (const T *)in, inside, pitch, p, o, d, stride, w->d1[i], y, last, l.z);
            FN(pointwise_weights)(l.z, w->tile * V, w->cp, l.y, w->tile * V, w->cp, pixels, gw + w->gw_at[i]);
        }
        FN(pointwise)(l.y, w->tile * V, w->cp, w->t1[i], l.t, w->tile * V, w->cp, pixels, 0);
        FN(rows_into)(w, (VEC *)l.t, y, last, p, (VEC *)l.g1);
    }
    for (long b = 0; b < w->b; b++) {
        const VEC *gz = (VEC *)l.g1 + b * ginside;
        VEC flipped[49], *gi = (VEC *)l.gi + b * inside;
        if (o->gpointwise1)
            FN(depthwise_weights)(in + b * inside, pitch, p, k, d, stride, gz + p * gpitch + p, gpitch, w->ho, w->wo,
                                  (VEC *)(gw + w->gd_at[i]) + b * k * k);
        if (stride == 1) {
            FN(flip)(w->d1[i], b, k * k, flipped);
            FN(depthwise)(gz, gpitch, p, k, d, 1, flipped, 0, w->ho, w->wo, gi + p * pitch + p, pitch, 1);
        } else {
            FN(depthwise_scatter)(gi, pitch, p, k, d, stride, gz + p * gpitch + p, gpitch, w->ho, w->wo,
                                  (const VEC *)w->d1[i] + b * k * k);
        }
    }
}

/* The same of a factorized reduction. */
static void FN(backward_reduce)(const FN(Work) * w, int i, long n, FN(Local) l, int h, int wd, long pitch, long inside,
                                T *gw)
{
    const Op *o = w->c->op + i;
    const T *y1 = FN(image)(w, w->y1[i], n, w->po), *g = FN(image)(w, w->g[o->target], n, w->po);
    const int p = w->pad1;
    for (int y = 0; y < w->ho; y += w->rows) {
        const int last = y + w->rows < w->ho ? y + w->rows : w->ho;
        const long pixels = (long)(last - y) * w->wo, at = (long)y * w->wo * V;
        FN(gradient_tile)(w, g + at, y1 + at, w->coef[i], pixels, (VEC *)l.y);
        if (o->gpointwise1) {
            FN(shifted)((VEC *)l.raw, w->b, (long)h * wd, h, wd, w->wo, y, last, (VEC *)l.z, w->tile);
            FN(pointwise_weights)(l.z, w->tile * V, 2 * w->cp, l.y, w->tile * V, w->cp, pixels, gw + w->gw_at[i]);
        }
        FN(pointwise)(l.y, w->tile * V, w->cp, w->t1[i], l.t, w->tile * V, 2 * w->cp, pixels, 0);
        for (long b = 0; b < 2 * w->b; b++) {
            const int half = b >= w->b;
            VEC *gi = (VEC *)l.gi + (b % w->b) * inside;
            const VEC *gz = (VEC *)l.t + b * w->tile;
            for (int r = y; r < last; r++)
                for (int x = 0; x < w->wo; x++, gz++)
                    if (2 * r + half < h && 2 * x + half < wd)
                        gi[(2 * r + half + p) * pitch + 2 * x + half + p] += *gz;
        }
    }
}

static void FN(backward_first)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const Cell *c = w->c;
    const int j = w->source, stride = FN(stride)(w, j), h = j < 2 ? w->h : w->ho, wd = j < 2 ? w->w : w->wo;
    const int p = w->pad1;
    const long px = (long)h * wd, pitch = wd + 2 * p, inside = (h + 2 * p) * pitch;
    FN(Local) l = FN(local)(w, slot, NULL);
    T *gw = w->gw + chunk * w->ngw;
    memset(gw, 0, sizeof(T) * w->ngw);
    memset(l.in, 0, sizeof(T) * w->b * inside * V);
    memset(l.g1, 0, sizeof(T) * w->b * (w->ho + 2 * p) * (w->wo + 2 * p) * V);
    long n, to;
    for (FN(range)(w, chunk, &n, &to); n < to; n++) {
        FN(state)(w, j, n, l.raw);
        memset(l.gi, 0, sizeof(T) * w->b * inside * V);
        for (long b = 0; b < w->b; b++)
            FN(fill)((VEC *)l.in + b * inside, (VEC *)l.raw + b * px, h, wd, p, NULL, NULL);
        for (int i = 0; i < c->ops; i++) {
            if (c->op[i].source != j)
                continue;
            if (FN(convolves)(c->op + i))
                FN(backward_op)(w, i, n, l, (VEC *)l.in, stride, pitch, inside, gw);
            else if (c->op[i].kind == REDUCE)
                FN(backward_reduce)(w, i, n, l, h, wd, pitch, inside, gw);
        }
        for (long b = 0; b < w->b; b++) {
            VEC *gi = (VEC *)l.gi + b * inside + p * pitch + p, *in = (VEC *)l.in + b * inside + p * pitch + p;
            for (int y = 0; y < h; y++)
                for (int x = 0; x < wd; x++)
                    gi[y * pitch + x] = (VEC)((MASK)gi[y * pitch + x] & (in[y * pitch + x] > 0));
            VEC *gmax = (VEC *)l.t, *gmean = gmax + w->po;
            if (w->first_max[j])
                memset((void *)gmax, 0, sizeof(VEC) * w->po);
            if (w->first_mean[j])
                memset((void *)gmean, 0, sizeof(VEC) * w->po);
            for (int i = 0; i < c->ops; i++) {
                const Op *o = c->op + i;
                if (o->source != j)
                    continue;
                const VEC *g = (VEC *)FN(image)(w, w->g[o->target], n, w->po) + b * w->po;
                const VEC a = *(VEC *)(w->coef[i] + b * V), s = *(VEC *)(w->coef[i] + w->cp + b * V),
                          d = *(VEC *)(w->coef[i] + 2 * w->cp + b * V);
                if (FN(pooled)(o)) {
                    VEC *gp = o->kind == MAX_POOL ? gmax : gmean;
                    const VEC *y = (VEC *)FN(image)(w, FN(term)(w, i), n, w->po) + b * w->po;
                    for (long q = 0; q < w->po; q++)
                        gp[q] += a * g[q] + s * y[q] + d;
                } else if (o->kind == SKIP) {
                    for (int y = 0; y < h; y++)
                        for (int x = 0; x < wd; x++)
                            gi[y * pitch + x] += a * g[(long)y * wd + x];
                }
            }
            if (w->first_max[j] || w->first_mean[j])
                FN(pools_back)((VEC *)l.raw + b * px, h, wd, stride, w->ho, w->wo, w->first_max[j] ? gmax : NULL,
                               w->first_mean[j] ? gmean : NULL, gi, pitch);
            VEC *own = (VEC *)FN(image)(w, w->g[j], n, px) + b * px;
            for (int y = 0; y < h; y++)
                for (int x = 0; x < wd; x++) {
                    if (j < 2)
                        own[(long)y * wd + x] = gi[y * pitch + x];
                    else
                        own[(long)y * wd + x] += gi[y * pitch + x];
                }
        }
    }
}

/* Adds up the chunks' weight gradients and writes them as torch keeps weights. */
static void FN(collect)(const FN(Work) * w)
{
    for (int chunk = 1; chunk < w->chunks; chunk++)
        for (long i = 0; i < w->ngw; i++)
            w->gw[i] += w->gw[chunk * w->ngw + i];
}

static void FN(write_pointwise)(const T *gw, T *to, long out, long in, long from, long first, long padded_in)
{
    for (long o = 0; o < out; o++)
        for (long i = 0; i < in; i++)
            to[o * in + i] = gw[(((from + o) / V) * padded_in + first + i) * V + (from + o) % V];
}

static void FN(write_depthwise)(const T *gw, T *to, long c, long taps)
{
    for (long ch = 0; ch < c; ch++)
        for (long t = 0; t < taps; t++)
            to[ch * taps + t] = gw[((ch / V) * taps + t) * V + ch % V];
}

static void FN(backward_input_sums)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const int j = w->source;
    double *sums = w->sums + chunk * w->nsums;
    long n, to;
    (void)slot;
    memset(sums, 0, sizeof(double) * 2 * w->cp);
    for (FN(range)(w, chunk, &n, &to); n < to; n++)
        for (long b = 0; b < w->b; b++) {
            const VEC *g = (VEC *)FN(image)(w, w->g[j], n, w->px) + b * w->px;
            const VEC *y = (VEC *)FN(image)(w, w->pre[j], n, w->px) + b * w->px;
            VEC s = {0}, t = {0};
            for (long p = 0; p < w->px; p++)
                s += g[p], t += g[p] * y[p];
            for (int v = 0; v < V; v++)
                sums[b * V + v] += (double)s[v], sums[w->cp + b * V + v] += (double)t[v];
        }
}

static void FN(backward_input)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const int j = w->source, rows = FN(input_rows)(w);
    const Input *in = w->c->input + j;
    const long ld = in->channels, blocks = FN(blocks)(ld), wide = FN(input_blocks)(in);
    FN(Local) l = FN(local)(w, slot, NULL);
    T *gw = w->gw + chunk * w->ngw;
    memset(gw, 0, sizeof(T) * wide * V * w->cp);
    long n, to;
    for (FN(range)(w, chunk, &n, &to); n < to; n++) {
        T *gx = in->gx ? (T *)in->gx + n * in->h * in->w * ld : NULL;
        if (gx && in->halved)
            memset(gx, 0, sizeof(T) * in->h * in->w * ld);
        for (int y = 0; y < w->h; y += rows) {
            const int last = y + rows < w->h ? y + rows : w->h;
            const long pixels = (long)(last - y) * w->w, at = (long)y * w->w;
            for (long b = 0; b < w->b; b++) {
                const T *coef = w->cpre[j];
                const VEC a = *(VEC *)(coef + b * V), s = *(VEC *)(coef + w->cp + b * V),
                          d = *(VEC *)(coef + 2 * w->cp + b * V);
                const VEC *g = (VEC *)FN(image)(w, w->g[j], n, w->px) + b * w->px + at;
                const VEC *o = (VEC *)FN(image)(w, w->pre[j], n, w->px) + b * w->px + at;
                for (long p = 0; p < pixels; p++)
                    ((VEC *)l.y)[b * w->tile + p] = a * g[p] + s * o[p] + d;
            }
            FN(input_tile)(in, n, w->w, y, last, (VEC *)l.z, w->tile);
            if (in->gweight1)
                FN(pointwise_weights)(l.z, w->tile * V, wide * V, l.y, w->tile * V, w->cp, pixels, gw);
            if (!gx)
                continue;
            FN(pointwise)(l.y, w->tile * V, w->cp, w->tpre[j], l.t, w->tile * V, wide * V, pixels, 0);
            const int step = in->halved ? 2 : 1;
            for (int half = 0; half < step; half++)
                for (int r = y; r < last; r++)
                    for (int x = 0; x < w->w; x++) {
                        const long row = (long)step * r + half, col = (long)step * x + half;
                        if (row >= in->h || col >= in->w)
                            continue;
                        const long p = (long)(r - y) * w->w + x;
                        for (long b = 0; b < blocks; b++) {
                            const long q = (half * blocks + b) * w->tile + p;
                            FN(store)(gx + (row * in->w + col) * ld + b * V,
                                      (VEC)(((MASK *)l.t)[q] & (((VEC *)l.z)[q] > 0)), ld - b * V);
                        }
                    }
        }
    }
}

/* Gradients of state j < 2 through its BatchNorm and pointwise convolution. */
static void FN(backward_to_input)(FN(Work) * w, int j)
{
    const Cell *c = w->c;
    const Input *in = c->input + j;
    double sums[2][MOST_CHANNELS];
    each((int)c->threads, w->chunks, FN(backward_input_sums), w);
    for (long i = 0; i < w->cp; i++)
        sums[0][i] = FN(total)(w, i), sums[1][i] = FN(total)(w, w->cp + i);
    FN(through_norm)(w, &in->norm, w->spre[j], 1, (double)c->n * w->px, sums[0], sums[1], w->cpre[j]);
    each((int)c->threads, w->chunks, FN(backward_input), w);
    if (!in->gweight1)
        return;
    FN(collect)(w);
    const long padded = FN(input_blocks)(in) * V;
    FN(write_pointwise)(w->gw, in->gweight1, in->halved ? c->c / 2 : c->c, in->channels, 0, 0, padded);
    if (in->halved)
        FN(write_pointwise)(w->gw, in->gweight2, c->c - c->c / 2, in->channels, c->c / 2, padded / 2, padded);
}

/* Everything that leaves source j. */
static void FN(backward_source)(FN(Work) * w, int j)
{
    Cell *c = w->c;
    const double count = (double)c->n * w->po;
    int leaves = 0, second = 0, weights = 0;
    for (int i = 0; i < c->ops; i++)
        if (c->op[i].source == j) {
            leaves = 1, second |= c->op[i].kind == SEPARABLE;
            weights |= c->op[i].gpointwise1 != NULL || c->op[i].norm1.gscale != NULL || c->op[i].norm2.gscale != NULL;
        }
    const int deep = j >= 2 || weights || c->input[j].gx || c->input[j].gweight1 || c->input[j].norm.gscale;
    w->source = j;
    if (!leaves) {
        if (j < 2)
            memset(w->g[j], 0, sizeof(T) * c->n * w->b * w->px * V);
        return;
    }
    each((int)c->threads, w->chunks, FN(backward_sums), w);
    for (int i = 0; i < c->ops; i++)
        if (c->op[i].source == j)
            FN(output_gradient)(w, i, count);
    if (!deep)
        return;
    if (second) {
        each((int)c->threads, w->chunks, FN(backward_second), w);
        if (weights)
            FN(collect)(w);
        for (int i = 0; i < c->ops; i++) {
            const Op *o = c->op + i;
            if (o->source != j || o->kind != SEPARABLE)
                continue;
            if (o->gpointwise2) {
                FN(write_pointwise)(w->gw + w->gw_at[i], o->gpointwise2, c->c, c->c, 0, 0, w->cp);
                FN(write_depthwise)(w->gw + w->gd_at[i], o->gdepthwise2, c->c, o->kernel * o->kernel);
            }
            double sums[2][MOST_CHANNELS];
            for (long k = 0; k < w->cp; k++)
                sums[0][k] = FN(total)(w, w->sum_at[i] + k), sums[1][k] = FN(total)(w, w->sum_at[i] + w->cp + k);
            FN(through_norm)(w, &o->norm1, w->s1[i], 1, count, sums[0], sums[1], w->coef1[i]);
        }
    }
    each((int)c->threads, w->chunks, FN(backward_first), w);
    if (!weights)
        return;
    FN(collect)(w);
    for (int i = 0; i < c->ops; i++) {
        const Op *o = c->op + i;
        if (o->source != j || !o->gpointwise1)
            continue;
        if (o->kind == REDUCE) {
            FN(write_pointwise)(w->gw + w->gw_at[i], o->gpointwise1, c->c / 2, c->c, 0, 0, 2 * w->cp);
            FN(write_pointwise)(w->gw + w->gw_at[i], o->gpointwise2, c->c - c->c / 2, c->c, c->c / 2, w->cp, 2 * w->cp);
        } else {
            FN(write_pointwise)(w->gw + w->gw_at[i], o->gpointwise1, c->c, c->c, 0, 0, w->cp);
            FN(write_depthwise)(w->gw + w->gd_at[i], o->gdepthwise1, c->c, o->kernel * o->kernel);
        }
    }
}

static void FN(backward)(Cell *c)
{
    FN(Work) *w = malloc(sizeof *w);
    size_t saved, scratch;
    FN(lay)(w, c, BACKWARD, &saved, &scratch);
    FN(pack)(w, 1);
    for (int j = 0; j < 2; j++)
        FN(affine)(w, &c->input[j].norm, w->spre[j], 1, w->cpre[j], w->cpre[j] + w->cp);
    for (int i = 0; i < c->ops; i++)
        if (c->op[i].kind == SEPARABLE)
            FN(affine)(w, &c->op[i].norm1, w->s1[i], 1, w->coef1[i], w->coef1[i] + w->cp);
    each((int)c->threads, w->chunks, FN(backward_start), w);
    for (int j = w->states - 1; j >= 0; j--) {
        FN(backward_source)(w, j);
        w->source = j;
        if (j >= 2) {
            each((int)c->threads, w->chunks, FN(backward_node), w);
            for (long i = 0; i < w->cp; i++)
                w->gsum[(j - 2) * w->cp + i] = FN(total)(w, i);
        } else if (c->input[j].gx || c->input[j].gweight1 || c->input[j].norm.gscale) {
            FN(backward_to_input)(w, j);
        }
    }
    free(w);
}
