/* Tasks: chunks of work on the threads that torch already has.
 *
 * A chunk is a fixed share of the images, whatever the number of threads, and what chunks sum is added in
 * the order of chunks: results do not depend on the number of threads.
 */
#ifndef GAPLESS_TASKS_H
#define GAPLESS_TASKS_H

typedef void (*Body)(void *context, int chunk, int slot);

/* GOMP_parallel's signature: run fn(data) on n threads. */
typedef void (*Parallel)(void (*fn)(void *), void *data, unsigned n, unsigned flags);

static Parallel parallel_of_host;

typedef struct {
    Body body;
    void *context;
    int chunks, next, slots;
} Tasks;

static void drain(void *data)
{
    Tasks *t = data;
    int slot = __atomic_fetch_add(&t->slots, 1, __ATOMIC_RELAXED);
    for (;;) {
        int chunk = __atomic_fetch_add(&t->next, 1, __ATOMIC_RELAXED);
        if (chunk >= t->chunks)
            return;
        t->body(t->context, chunk, slot);
    }
}

/* Calls body for every chunk; slot < threads tells running bodies apart. */
static void each(int threads, int chunks, Body body, void *context)
{
    Tasks t = {body, context, chunks, 0, 0};
    if (parallel_of_host && threads > 1 && chunks > 1)
        parallel_of_host(drain, &t, (unsigned)threads, 0);
    else
        drain(&t);
}

#endif
