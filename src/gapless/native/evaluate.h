/* Evaluation: an image goes through the whole cell while it is in the cache; nothing of it is kept.
 *
 * BatchNorm is a scale and a shift here: scales are multiplied into the pointwise weights.
 */

static void FN(scale_columns)(T *packed, long in, long out, const T *a)
{
    for (long o = 0; o < out; o++)
        for (long i = 0; i < in; i++)
            packed[((o / V) * in + i) * V + o % V] *= a[o];
}

static void FN(add_scaled)(const FN(Work) * w, const VEC *y, const T *coef, VEC *to)
{
    for (long b = 0; b < w->b; b++) {
        const VEC a = *(const VEC *)(coef + b * V);
        for (long p = b * w->po; p < (b + 1) * w->po; p++)
            to[p] += a * y[p];
    }
}

/* All that leaves state j, added to the nodes it goes to. */
static void FN(evaluate_source)(const FN(Work) * w, int j, FN(Local) l, VEC *raw, long step)
{
    const Cell *c = w->c;
    const int stride = FN(stride)(w, j), h = j < 2 ? w->h : w->ho, wd = j < 2 ? w->w : w->wo;
    const long px = (long)h * wd, pitch = wd + 2 * w->pad1, inside = (h + 2 * w->pad1) * pitch;
    const long upitch = w->wo + 2 * w->pad2, uinside = (w->ho + 2 * w->pad2) * upitch;
    int padded = 0;
    VEC *max = (VEC *)l.t, *mean = max + w->b * w->po;
    for (long b = 0; b < w->b && (w->first_max[j] || w->first_mean[j]); b++)
        FN(pools)(raw + b * px, h, wd, stride, w->ho, w->wo, max + b * w->po, mean + b * w->po);
    for (int i = 0; i < c->ops; i++) {
        const Op *o = c->op + i;
        if (o->source == j && !w->y1[i])
            FN(add_scaled)(w, o->kind == MAX_POOL ? max : o->kind == AVG_POOL ? mean : raw, w->coef[i],
                           (VEC *)l.states + o->target * step);
    }
    for (int i = 0; i < c->ops; i++) {
        const Op *o = c->op + i;
        if (o->source != j || !w->y1[i])
            continue;
        if (!padded && o->kind != REDUCE) {
            padded = 1;
            memset(l.in, 0, sizeof(T) * w->b * inside * V);
            for (long b = 0; b < w->b; b++)
                FN(fill)((VEC *)l.in + b * inside, raw + b * px, h, wd, w->pad1, NULL, NULL);
        }
        T *sum = l.states + o->target * step * V;
        for (int y = 0; y < w->ho; y += w->rows) {
            const int last = y + w->rows < w->ho ? y + w->rows : w->ho;
            const long pixels = (long)(last - y) * w->wo, at = (long)y * w->wo * V;
            long in = w->cp;
            if (o->kind == REDUCE) {
                in *= 2;
                FN(shifted)(raw, w->b, px, h, wd, w->wo, y, last, (VEC *)l.z, w->tile);
            } else {
                FN(depthwise_tile)(w, l.in, inside, pitch, w->pad1, o, (int)o->dilation, stride, w->d1[i], y, last,
                                   l.z);
            }
            if (o->kind != SEPARABLE) {
                FN(pointwise)(l.z, w->tile * V, in, w->p1[i], sum + at, w->po * V, w->cp, pixels, 1);
                continue;
            }
            FN(pointwise)(l.z, w->tile * V, in, w->p1[i], l.y, w->tile * V, w->cp, pixels, 0);
            for (long b = 0; b < w->b; b++) {
                const VEC shift = *(VEC *)(w->coef1[i] + w->cp + b * V), *t = (VEC *)l.y + b * w->tile;
                for (int r = y; r < last; r++) {
                    VEC *u = (VEC *)l.u + b * uinside + (r + w->pad2) * upitch + w->pad2;
                    for (int x = 0; x < w->wo; x++, t++)
                        u[x] = FN(relu)(*t + shift);
                }
            }
        }
        for (int y = 0; o->kind == SEPARABLE && y < w->ho; y += w->rows) {
            const int last = y + w->rows < w->ho ? y + w->rows : w->ho;
            const long pixels = (long)(last - y) * w->wo, at = (long)y * w->wo * V;
            FN(depthwise_tile)(w, l.u, uinside, upitch, w->pad2, o, 1, 1, w->d2[i], y, last, l.z);
            FN(pointwise)(l.z, w->tile * V, w->cp, w->p2[i], sum + at, w->po * V, w->cp, pixels, 1);
        }
    }
}

static void FN(evaluate_images)(void *context, int chunk, int slot)
{
    FN(Work) *w = context;
    const Cell *c = w->c;
    const long most = w->px > w->po ? w->px : w->po, step = w->b * most, ld = c->nodes * c->c;
    const int rows = FN(input_rows)(w);
    FN(Local) l = FN(local)(w, slot, NULL);
    memset(l.u, 0, sizeof(T) * w->b * (w->ho + 2 * w->pad2) * (w->wo + 2 * w->pad2) * V);
    long n, to;
    for (FN(range)(w, chunk, &n, &to); n < to; n++) {
        for (int j = 0; j < 2; j++) {
            const Input *in = c->input + j;
            VEC *state = (VEC *)l.states + j * step;
            for (int y = 0; y < w->h; y += rows) {
                const int last = y + rows < w->h ? y + rows : w->h;
                FN(input_tile)(in, n, w->w, y, last, (VEC *)l.z, w->tile);
                FN(pointwise)(l.z, w->tile * V, FN(input_blocks)(in) * V, w->wpre[j], (T *)(state + (long)y * w->w),
                              w->px * V, w->cp, (long)(last - y) * w->w, 0);
            }
            for (long b = 0; b < w->b; b++)
                for (long p = b * w->px; p < (b + 1) * w->px; p++)
                    state[p] += *(VEC *)(w->cpre[j] + w->cp + b * V);
        }
        for (int node = 0; node < c->nodes; node++)
            for (long b = 0; b < w->b; b++) {
                VEC shift = {0}, *sum = (VEC *)l.states + (node + 2) * step + b * w->po;
                for (int i = 0; i < c->ops; i++)
                    if (c->op[i].target == node + 2)
                        shift += *(VEC *)(w->coef[i] + w->cp + b * V);
                for (long p = 0; p < w->po; p++)
                    sum[p] = shift;
            }
        for (int j = 0; j < w->states; j++) {
            VEC *state = (VEC *)l.states + j * step;
            FN(evaluate_source)(w, j, l, state, step);
            if (j < 2)
                continue;
            T *out = (T *)c->out + n * w->po * ld + (j - 2) * c->c;
            for (long b = 0; b < w->b; b++)
                for (long p = 0; p < w->po; p++)
                    FN(store)(out + p * ld + b * V, state[b * w->po + p], c->c - b * V);
        }
    }
}

static void FN(evaluate)(Cell *c)
{
    FN(Work) *w = malloc(sizeof *w);
    size_t saved, scratch;
    FN(lay)(w, c, EVALUATE, &saved, &scratch);
    FN(pack)(w, 0);
    for (int j = 0; j < 2; j++) {
        FN(statistics)(w, &c->input[j].norm, w->spre[j], 0, 1);
        FN(affine)(w, &c->input[j].norm, w->spre[j], 1, w->cpre[j], w->cpre[j] + w->cp);
        FN(scale_columns)(w->wpre[j], FN(input_blocks)(c->input + j) * V, w->cp, w->cpre[j]);
    }
    for (int i = 0; i < c->ops; i++) {
        const Op *o = c->op + i;
        const double gate = FN(gate)(c, o);
        T *a = w->coef[i], *b = a + w->cp;
        const int two = o->kind == SEPARABLE;
        if (FN(normal)(o)) {
            FN(statistics)(w, &o->norm1, w->s1[i], 0, 1);
            FN(affine)(w, &o->norm1, w->s1[i], two ? 1 : gate, two ? w->coef1[i] : a, two ? w->coef1[i] + w->cp : b);
        } else {
            for (long k = 0; k < w->cp; k++)
                a[k] = k < c->c ? (T)gate : 0, b[k] = 0;
        }
        if (two) {
            FN(statistics)(w, &o->norm2, w->s2[i], 0, 1);
            FN(affine)(w, &o->norm2, w->s2[i], gate, a, b);
            FN(scale_columns)(w->p1[i], w->cp, w->cp, w->coef1[i]);
            FN(scale_columns)(w->p2[i], w->cp, w->cp, a);
        } else if (w->y1[i]) {
            FN(scale_columns)(w->p1[i], o->kind == REDUCE ? 2 * w->cp : w->cp, w->cp, a);
        }
    }
    each((int)c->threads, w->chunks, FN(evaluate_images), w);
    free(w);
}
