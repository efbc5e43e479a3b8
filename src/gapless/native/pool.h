/* Small vector functions, pixels in and out, pools. */

INLINE VEC FN(relu)(VEC v) /* a NaN stays one */
{
    return (VEC)((MASK)v & ~(v < 0));
}

INLINE VEC FN(either)(MASK k, VEC yes, VEC no)
{
    return (VEC)(((MASK)yes & k) | ((MASK)no & ~k));
}

/* V channels from x on; zeros beyond the first `has`. */
INLINE VEC FN(load)(const T *x, long has)
{
    if (has >= V)
        return *(const VEC *)x;
    VEC v = {0};
    for (long i = 0; i < has; i++)
        v[i] = x[i];
    return v;
}

INLINE void FN(store)(T *x, VEC v, long has)
{
    if (has >= V)
        *(VEC *)x = v;
    else
        for (long i = 0; i < has; i++)
            x[i] = v[i];
}

/* 3x3 maximum and mean of what lies inside the image, of one block. */
static void FN(pools)(const VEC *x, int h, int w, int stride, int ho, int wo, VEC *max, VEC *mean)
{
    for (int y = 0; y < ho; y++)
        for (int o = 0; o < wo; o++) {
            const int y0 = y * stride > 0 ? y * stride - 1 : 0, y1 = y * stride + 2 < h ? y * stride + 2 : h;
            const int x0 = o * stride > 0 ? o * stride - 1 : 0, x1 = o * stride + 2 < w ? o * stride + 2 : w;
            VEC m = x[(long)y0 * w + x0], s = {0};
            for (int i = y0; i < y1; i++)
                for (int j = x0; j < x1; j++) {
                    const VEC v = x[(long)i * w + j];
                    m = FN(either)(v > m, v, m);
                    s += v;
                }
            if (max)
                max[(long)y * wo + o] = m;
            if (mean)
                mean[(long)y * wo + o] = s / (T)((y1 - y0) * (x1 - x0));
        }
}

/* gx += the gradient of the maximum, which goes to the first of equal pixels, and of the mean. */
static void FN(pools_back)(const VEC *x, int h, int w, int stride, int ho, int wo, const VEC *gmax,
                           const VEC *gmean, VEC *gx, long pitch)
{
    for (int y = 0; y < ho; y++)
        for (int o = 0; o < wo; o++) {
            const int y0 = y * stride > 0 ? y * stride - 1 : 0, y1 = y * stride + 2 < h ? y * stride + 2 : h;
            const int x0 = o * stride > 0 ? o * stride - 1 : 0, x1 = o * stride + 2 < w ? o * stride + 2 : w;
            MASK at = {0};
            if (gmax) {
                VEC m = x[(long)y0 * w + x0];
                for (int i = y0, t = 0; i < y1; i++)
                    for (int j = x0; j < x1; j++, t++) {
                        const VEC v = x[(long)i * w + j];
                        const MASK k = v > m;
                        m = FN(either)(k, v, m);
                        at = (at & ~k) | (((MASK){0} + t) & k);
                    }
            }
            VEC even = {0};
            if (gmean)
                even = gmean[(long)y * wo + o] / (T)((y1 - y0) * (x1 - x0));
            for (int i = y0, t = 0; i < y1; i++)
                for (int j = x0; j < x1; j++, t++) {
                    VEC v = even;
                    if (gmax)
                        v += (VEC)((MASK)gmax[(long)y * wo + o] & (at == (MASK){0} + t));
                    gx[(long)i * pitch + j] += v;
                }
        }
}
