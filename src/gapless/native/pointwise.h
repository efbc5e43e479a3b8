/* Pointwise convolution of a tile: blocks of V channels, each a run of pixels. */

/* n outputs of one or two neighbouring blocks; w is [block][channel in][V]. */
INLINE void FN(product)(const T *z, long zstep, long in, const T *w, T *y, long ystep, const int n, const int two,
                        const int add)
{
    VEC a[8], b[8];
#pragma GCC unroll 8
    for (int i = 0; i < n; i++) {
        a[i] = add ? ((VEC *)y)[i] : (VEC){0};
        if (two)
            b[i] = add ? ((VEC *)(y + ystep))[i] : (VEC){0};
    }
    const T *w2 = w + in * V;
    for (long block = 0; block < in / V; block++, z += zstep) {
        for (int v = 0; v < V; v++, w += V, w2 += V) {
            const VEC u = *(const VEC *)w;
            VEC u2 = u;
            if (two)
                u2 = *(const VEC *)w2;
#pragma GCC unroll 8
            for (int i = 0; i < n; i++) {
                const T value = z[i * V + v];
                a[i] += u * value;
                if (two)
                    b[i] += u2 * value;
            }
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < n; i++) {
        ((VEC *)y)[i] = a[i];
        if (two)
            ((VEC *)(y + ystep))[i] = b[i];
    }
}

/* y[out block][pixel] (+)= sum over `in` channels of z[in block][pixel] * w; steps between blocks in numbers. */
static void FN(pointwise)(const T *z, long zstep, long in, const T *w, T *y, long ystep, long out, long pixels,
                          int add)
{
#define PRODUCTS(N, TWO)                                                                                   \
    for (; p + N <= pixels; p += N)                                                                        \
        add ? FN(product)(z + p * V, zstep, in, wo, yo + p * V, ystep, N, TWO, 1)                          \
            : FN(product)(z + p * V, zstep, in, wo, yo + p * V, ystep, N, TWO, 0)
    for (long o = 0; o < out; o += 2 * V) {
        const T *wo = w + o * in;
        T *yo = y + (o / V) * ystep;
        long p = 0;
        if (o + 2 * V <= out) {
            PRODUCTS(PAIR, 1);
            PRODUCTS(2, 1);
            PRODUCTS(1, 1);
        } else {
            PRODUCTS(8, 0);
            PRODUCTS(4, 0);
            PRODUCTS(1, 0);
        }
    }
#undef PRODUCTS
}

/* gw[out block][channel in][V] += sum over pixels of g[out block][pixel] * z[channel in][pixel]. */
static void FN(pointwise_weights)(const T *z, long zstep, long in, const T *g, long gstep, long out, long pixels,
                                  T *gw)
{
    for (long o = 0; o < out; o += 2 * V) {
        const int two = o + 2 * V <= out;
        const VEC *g1 = (const VEC *)(g + (o / V) * gstep), *g2 = (const VEC *)(g + (o / V + two) * gstep);
        T *w1 = gw + o * in, *w2 = w1 + in * V;
        for (long c = 0; c < in; c += 4) {
            const T *q = z + (c / V) * zstep + c % V;
            VEC a[4], b[4];
            for (int i = 0; i < 4; i++)
                a[i] = b[i] = (VEC){0};
            if (two) {
                for (long p = 0; p < pixels; p++) {
                    const VEC u = g1[p], u2 = g2[p];
#pragma GCC unroll 4
                    for (int i = 0; i < 4; i++) {
                        const T value = q[p * V + i];
                        a[i] += u * value;
                        b[i] += u2 * value;
                    }
                }
            } else {
                long p = 0;
                for (; p + 2 <= pixels; p += 2) {
                    const VEC u = g1[p], u2 = g1[p + 1];
#pragma GCC unroll 4
                    for (int i = 0; i < 4; i++) {
                        a[i] += u * q[p * V + i];
                        b[i] += u2 * q[p * V + V + i];
                    }
                }
                for (; p < pixels; p++)
#pragma GCC unroll 4
                    for (int i = 0; i < 4; i++)
                        a[i] += g1[p] * q[p * V + i];
                for (int i = 0; i < 4; i++)
                    a[i] += b[i];
            }
            for (int i = 0; i < 4; i++) {
                *(VEC *)(w1 + (c + i) * V) += a[i];
                if (two)
                    *(VEC *)(w2 + (c + i) * V) += b[i];
            }
        }
    }
}
