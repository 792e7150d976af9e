/* SPDX-License-Identifier: GPL-2.0-only */
/* Which content codings a client takes. Pure: builds in user space too. */
#ifndef KFRONT_ENCODING_H
#define KFRONT_ENCODING_H

#include "media.h"
#include "parse.h"

/**
 * kf_accepts() - which codings does this request's Accept-Encoding admit?
 * @offers: set of KF_CODING() bits the server could send; of others nothing is said
 * @odd: set when nobody but the backend should decide; the returned set is then empty.
 *	Never set when @offers is empty.
 *
 * KF_GZIP is in the set exactly when a stock mod_deflate would compress. Of the
 * KF_PRE_* there are only those with the highest q: one that the client likes less
 * than another of @offers, or than "identity" if it spoke of that, is left out.
 * So whoever has the set takes what he has of it in the order br, zstd, gzip,
 * KF_GZIP, and else the file as it is.
 *
 * Softirq, per request.
 */
u8 kf_accepts(const struct kf_request *rq, u8 offers, bool *odd);

#endif /* KFRONT_ENCODING_H */
