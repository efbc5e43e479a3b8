/* What BatchNorm and gate do to a gradient: sums over images, and what follows from them. */

/* y <- a * g + b * y + d for a tile: the gradient through a BatchNorm and a gate. */
static void FN(gradient_tile)(const FN(Work) * w, const T *g, const T *y, const T *coef, long pixels, VEC *to)
{
    for (long b = 0; b < w->b; b++) {
        const VEC a = *(VEC *)(coef + b * V), s = *(VEC *)(coef + w->cp + b * V), d = *(VEC *)(coef + 2 * w->cp + b * V);
        const VEC *gb = (const VEC *)g + b * w->po, *yb = (const VEC *)y + b * w->po;
        for (long p = 0; p < pixels; p++)
            to[b * w->tile + p] = a * gb[p] + s * yb[p] + d;
    }
}

/* Rows of a tile into the inside of a padded image. */
static void FN(rows_into)(const FN(Work) * w, const VEC *tile, int y0, int y1, int p, VEC *padded)
{
    const long pitch = w->wo + 2 * p, inside = (w->ho + 2 * p) * pitch;
    for (long b = 0; b < w->b; b++)
        for (int y = y0; y < y1; y++)
            memcpy((void *)(padded + b * inside + (y + p) * pitch + p),
                   (const void *)(tile + b * w->tile + (long)(y - y0) * w->wo), sizeof(VEC) * w->wo);
}

static void FN(flip)(const T *w, long b, int taps, VEC *to)
{
    for (int t = 0; t < taps; t++)
        to[taps - 1 - t] = *(const VEC *)(w + (b * taps + t) * V);
}

static void FN(backward_start)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const long ld = w->c->nodes * w->c->c;
    long n, to;
    (void)slot;
    for (FN(range)(w, chunk, &n, &to); n < to; n++)
        for (int j = 2; j < w->states; j++) {
            const T *g = (const T *)w->c->gout + n * w->po * ld + (j - 2) * w->c->c;
            VEC *own = (VEC *)FN(image)(w, w->g[j], n, w->po);
            for (long b = 0; b < w->b; b++)
                for (long p = 0; p < w->po; p++)
                    own[b * w->po + p] = FN(load)(g + p * ld + b * V, w->c->c - b * V);
        }
}

/* Sums of a state's gradient. */
static void FN(backward_node)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    double *sums = w->sums + chunk * w->nsums;
    long n, to;
    (void)slot;
    memset(sums, 0, sizeof(double) * w->cp);
    for (FN(range)(w, chunk, &n, &to); n < to; n++)
        for (long b = 0; b < w->b; b++) {
            const VEC *g = (const VEC *)FN(image)(w, w->g[w->source], n, w->po) + b * w->po;
            VEC s = {0};
            for (long p = 0; p < w->po; p++)
                s += g[p];
            for (int v = 0; v < V; v++)
                sums[b * V + v] += (double)s[v];
        }
}

/* Sums of gradient times output, for every operation that leaves the source. */
static void FN(backward_sums)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const Cell *c = w->c;
    const int j = w->source;
    const long ld = c->nodes * c->c;
    double *sums = w->sums + chunk * w->nsums;
    long n, to;
    (void)slot;
    memset(sums, 0, sizeof(double) * w->nsums);
    for (FN(range)(w, chunk, &n, &to); n < to; n++)
        for (long b = 0; b < w->b; b++)
            for (long p0 = 0; p0 < w->po; p0 += 2 * TILE) {
                const long pixels = p0 + 2 * TILE < w->po ? 2 * TILE : w->po - p0;
                for (int i = 0; i < c->ops; i++) {
                    const Op *o = c->op + i;
                    if (o->source != j)
                        continue;
                    const VEC *g = (const VEC *)FN(image)(w, w->g[o->target], n, w->po) + b * w->po + p0;
                    VEC s = {0}, s1 = {0};
                    T *term = FN(term)(w, i);
                    if (term) {
                        const VEC *y = (const VEC *)FN(image)(w, term, n, w->po) + b * w->po + p0;
                        long p = 0;
                        for (; p + 2 <= pixels; p += 2)
                            s += g[p] * y[p], s1 += g[p + 1] * y[p + 1];
                        if (p < pixels)
                            s += g[p] * y[p];
                    } else {
                        const T *y = (const T *)c->out + (n * w->po + p0) * ld + (j - 2) * c->c + b * V;
                        for (long p = 0; p < pixels; p++)
                            s += g[p] * FN(load)(y + p * ld, c->c - b * V);
                    }
                    s += s1;
                    for (int v = 0; v < V; v++)
                        sums[w->sum_at[i] + b * V + v] += (double)s[v];
                }
            }
}

/* From sums of g and of g * y: gradients of the affine parameters, and a, b, d with which the gradient of y is
 * a * g + b * y + d. Returns the gradient of the gate. */
static double FN(through_norm)(const FN(Work) * w, const Norm *norm, const double *s, double gate, double count,
                               const double *sg, const double *sgy, T *coef)
{
    const Cell *c = w->c;
    double whole = 0;
    for (long i = 0; i < w->cp; i++) {
        if (i >= c->c) {
            coef[i] = coef[w->cp + i] = coef[2 * w->cp + i] = 0;
            continue;
        }
        const double mean = s[i], r = s[w->cp + i], scale = FN(one)(norm->scale, i, 1);
        const double sgh = (sgy[i] - mean * sg[i]) * r; /* of g times the normalised output */
        whole += scale * sgh + FN(one)(norm->shift, i, 0) * sg[i];
        if (norm->gscale)
            ((T *)norm->gscale)[i] = (T)(gate * sgh);
        if (norm->gshift)
            ((T *)norm->gshift)[i] = (T)(gate * sg[i]);
        const double a = gate * scale * r, share = c->batch_statistics ? 1 / count : 0;
        coef[i] = (T)a;
        coef[w->cp + i] = (T)(-a * r * sgh * share);
        coef[2 * w->cp + i] = (T)(a * (r * mean * sgh - sg[i]) * share);
    }
    return whole;
}

static void FN(output_gradient)(FN(Work) * w, int i, double count)
{
    const Cell *c = w->c;
    const Op *o = c->op + i;
    const double gate = FN(gate)(c, o), *sg = w->gsum + (o->target - 2) * w->cp;
    double sgy[MOST_CHANNELS], whole = 0;
    for (long k = 0; k < w->cp; k++)
        sgy[k] = FN(total)(w, w->sum_at[i] + k);
    if (FN(normal)(o)) {
        const int last = o->kind == SEPARABLE;
        whole = FN(through_norm)(w, last ? &o->norm2 : &o->norm1, last ? w->s2[i] : w->s1[i], gate, count, sg, sgy,
                                 w->coef[i]);
    } else {
        for (long k = 0; k < w->cp; k++) {
            double a = 1, b = 0;
            if (o->kind == SKIP && o->source < 2)
                a = (double)w->cpre[o->source][k], b = (double)w->cpre[o->source][w->cp + k];
            whole += k < c->c ? a * sgy[k] + b * sg[k] : 0;
            w->coef[i][k] = (T)(k < c->c ? gate : 0), w->coef[i][w->cp + k] = w->coef[i][2 * w->cp + k] = 0;
        }
    }
    if (o->gate >= 0 && c->ggates)
        ((T *)c->ggates)[o->gate] += (T)whole;
}
