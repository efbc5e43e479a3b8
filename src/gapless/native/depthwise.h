/* Depthwise convolution of one block of V channels: an image is rows of VECs, padded by zeros. */

/* n <= 8 neighbouring outputs; q points at tap (0, 0) of the first. */
INLINE void FN(taps)(const VEC *q, const VEC *w, VEC *out, const long pitch, const long d, const int stride,
                     const int k, const int n, const int add)
{
    VEC acc[8];
#pragma GCC unroll 8
    for (int i = 0; i < n; i++)
        acc[i] = add ? out[i] : (VEC){0};
#pragma GCC unroll 7
    for (int ky = 0; ky < k; ky++) {
#pragma GCC unroll 7
        for (int kx = 0; kx < k; kx++) {
            const VEC weight = w[ky * k + kx];
            const VEC *r = q + ky * d * pitch + kx * d;
#pragma GCC unroll 8
            for (int i = 0; i < n; i++)
                acc[i] += r[i * stride] * weight;
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < n; i++)
        out[i] = acc[i];
}

INLINE void FN(row)(const VEC *q, const VEC *w, VEC *out, const long pitch, const long d, const int stride,
                    const int k, const int n, const int add)
{
    int x = 0;
    for (; x + 8 <= n; x += 8)
        FN(taps)(q + x * stride, w, out + x, pitch, d, stride, k, 8, add);
    if (x + 4 <= n) {
        FN(taps)(q + x * stride, w, out + x, pitch, d, stride, k, 4, add);
        x += 4;
    }
    if (x + 2 <= n) {
        FN(taps)(q + x * stride, w, out + x, pitch, d, stride, k, 2, add);
        x += 2;
    }
    if (x < n)
        FN(taps)(q + x * stride, w, out + x, pitch, d, stride, k, 1, add);
}

/* Output rows y0 .. y1 of a k x k convolution into out, whose rows lie `opitch` apart; p is the padding. */
static void FN(depthwise)(const VEC *buffer, long pitch, int p, int k, int d, int stride, const VEC *w, int y0,
                          int y1, int n, VEC *out, long opitch, int add)
{
    const int reach = d * (k - 1) / 2;
    for (int y = y0; y < y1; y++) {
        const VEC *q = buffer + ((long)y * stride + p - reach) * pitch + p - reach;
        VEC *o = out + (y - y0) * opitch;
#define ROW(K, S, A) FN(row)(q, w, o, pitch, d, S, K, n, A)
        if (add) {
            if (k == 3) ROW(3, 1, 1);
            else if (k == 5) ROW(5, 1, 1);
            else ROW(7, 1, 1);
        } else if (stride == 1) {
            if (k == 3) ROW(3, 1, 0);
            else if (k == 5) ROW(5, 1, 0);
            else ROW(7, 1, 0);
        } else {
            if (k == 3) ROW(3, 2, 0);
            else if (k == 5) ROW(5, 2, 0);
            else ROW(7, 2, 0);
        }
#undef ROW
    }
}

/* Gradient of `rows` <= 2 rows of kernel weights, from row ky on, over a whole image. */
INLINE void FN(weight_rows)(const VEC *buffer, long pitch, long p, long d, int stride, const VEC *g, long gpitch,
                            int h, int w, VEC *gw, const int k, int ky, const int rows)
{
    const long reach = d * (k - 1) / 2;
    VEC acc[2 * 7];
#pragma GCC unroll 14
    for (int t = 0; t < rows * k; t++)
        acc[t] = (VEC){0};
    for (int y = 0; y < h; y++) {
        const VEC *q = buffer + ((long)y * stride + p - reach + ky * d) * pitch + p - reach;
        const VEC *r = g + y * gpitch;
        for (int x = 0; x < w; x++, q += stride) {
            const VEC value = r[x];
#pragma GCC unroll 2
            for (int row = 0; row < rows; row++) {
#pragma GCC unroll 7
                for (int kx = 0; kx < k; kx++)
                    acc[row * k + kx] += value * q[row * d * pitch + kx * d];
            }
        }
    }
#pragma GCC unroll 14
    for (int t = 0; t < rows * k; t++)
        gw[ky * k + t] += acc[t];
}

/* gw += gradient of the weights; g points at output (0, 0). */
static void FN(depthwise_weights)(const VEC *buffer, long pitch, int p, int k, int d, int stride, const VEC *g,
                                  long gpitch, int h, int w, VEC *gw)
{
#define ROWS(K, KY, R) FN(weight_rows)(buffer, pitch, p, d, stride, g, gpitch, h, w, gw, K, KY, R)
    if (k == 3) {
        ROWS(3, 0, 2);
        ROWS(3, 2, 1);
    } else if (k == 5) {
        ROWS(5, 0, 2);
        ROWS(5, 2, 2);
        ROWS(5, 4, 1);
    } else {
        for (int ky = 0; ky < 7; ky++)
            ROWS(7, ky, 1);
    }
#undef ROWS
}

/* gx (padded like the input) += the gradient of the input, for stride 2. */
static void FN(depthwise_scatter)(VEC *gx, long pitch, int p, int k, int d, int stride, const VEC *g, long gpitch,
                                  int h, int w, const VEC *weights)
{
    const int reach = d * (k - 1) / 2;
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const VEC value = g[y * gpitch + x];
            VEC *q = gx + ((long)y * stride + p - reach) * pitch + p - reach + (long)x * stride;
            for (int ky = 0; ky < k; ky++)
                for (int kx = 0; kx < k; kx++)
                    q[ky * d * pitch + kx * d] += value * weights[ky * k + kx];
        }
}
